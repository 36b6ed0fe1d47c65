#include "server/rest/representation.h"

#include "api/go_names.h"
#include "api/go_quote.h"
#include "api/table.h"
#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

std::string meta_api_version(const Representation& representation) { return "meta.k8s.io/" + representation.meta_version; }

metav1::ListMeta list_meta(const Answer& answer) {
  metav1::ListMeta list;
  list.set_resourceversion(answer.resource_version);
  if (!answer.continue_token.empty()) list.set_continue_(answer.continue_token);
  if (answer.remaining) list.set_remainingitemcount(*answer.remaining);
  return list;
}

metav1::ListMeta object_list_meta(const Message& object) {
  metav1::ListMeta list;
  list.set_resourceversion(meta(object).resourceversion());
  return list;
}

// A stored object's encoding comes from the server's cache; what a dry run would have stored must not enter it.
std::shared_ptr<const std::string> object_bytes(Server& server, const Request& request, const Answer& answer, Form form) {
  if (!request.dry_run) return server.encoded(*answer.kind, answer.object, form);
  return std::make_shared<const std::string>(encode_as(*answer.kind, *answer.object, form));
}

std::string list_head(std::string_view kind, std::string_view api_version, const Answer& answer) {
  std::string head = "{\"kind\":\"" + std::string(kind) + "\",\"apiVersion\":\"" + std::string(api_version) + "\",\"metadata\":";
  json::encode(list_meta(answer), {}, head);
  head += ",\"items\":[";
  return head;
}

// Items of a typed list stand without their type line: the list names it.
http::Body list_json(Server& server, const Answer& answer) {
  const Kind& kind = *answer.kind;
  const std::string api_version = kind.api_version();
  const std::string type_line = "{\"kind\":\"" + std::string(kind.kind) + "\",\"apiVersion\":\"" + api_version + "\",";
  http::Body body(list_head(std::string(kind.kind) + "List", api_version, answer));
  body.reserve(2 * answer.items.size() + 2);
  for (const Object& item : answer.items) {
    const bool first = &item == answer.items.data();
    const std::shared_ptr<const std::string> text = server.encoded(kind, item, Form::kJson);
    const bool typed = text->starts_with(type_line);
    body.append_literal(typed ? (first ? "{" : ",{") : (first ? "" : ","));
    body.append(text, typed ? type_line.size() : 0);
  }
  body.append_literal("]}");
  return body;
}

// Upstream's list of nothing is null here, unlike a list of a kind.
http::Body partial_list_json(Server& server, const Answer& answer, const Representation& representation) {
  std::string head = list_head("PartialObjectMetadataList", meta_api_version(representation), answer);
  if (answer.items.empty()) return head.replace(head.size() - 1, 1, "null}");
  http::Body body(std::move(head));
  for (const Object& item : answer.items) {
    if (&item != answer.items.data()) body.append_literal(",");
    body.append(server.encoded(*answer.kind, item, representation.form()));
  }
  body.append_literal("]}");
  return body;
}

Result<IncludeObject> include_of(std::string_view text) {
  if (auto include = parse_include_object(text)) return *include;
  return fail(Reason::kBadRequest, "Unable to convert to Table as requested: includeObject: Invalid value: " + go_quoted(text) +
                                       ": must be 'Metadata', 'Object', 'None', or empty");
}

// Every list kind is {1: metadata, 2: items}, here between the head and the tail of an envelope. What stands between the items'
// own bytes lies in one text.
http::Body list_envelope(Server& server, const Answer& answer, std::string_view api_version, std::string_view kind, Form form) {
  std::vector<std::pair<std::shared_ptr<const std::string>, std::string_view>> items;
  items.reserve(answer.items.size());
  std::string between;
  append_bytes_field(1, list_meta(answer).SerializeAsString(), between);
  std::vector<size_t> ends;
  size_t raw_bytes = 0;
  for (const Object& item : answer.items) {
    std::shared_ptr<const std::string> envelope = server.encoded(*answer.kind, item, form);
    const std::string_view raw = raw_of_envelope(*envelope);
    append_bytes_head(2, raw.size(), between);
    ends.push_back(between.size());
    raw_bytes += raw.size();
    items.emplace_back(std::move(envelope), raw);
  }
  const auto shared = std::make_shared<const std::string>(std::move(between));
  http::Body body(envelope_head(api_version, kind, shared->size() + raw_bytes));
  body.reserve(2 * items.size() + 3);
  size_t at = 0;
  for (size_t i = 0; i < items.size(); at = ends[i++]) {
    body.append(shared, at, ends[i] - at);
    body.append(items[i].first, static_cast<size_t>(items[i].second.data() - items[i].first->data()), items[i].second.size());
  }
  body.append(shared, at);
  body.append_literal(kEnvelopeTail);
  return body;
}

http::Body protobuf_body(Server& server, const Request& request, const Answer& answer, const Representation& representation) {
  if (answer.is_status) return encode_envelope("v1", "Status", status_message(*request.kind, answer));
  const Form form = representation.form();
  if (!answer.is_list) return object_bytes(server, request, answer, form);
  if (representation.shape == Shape::kPartialMetadata) {
    return list_envelope(server, answer, meta_api_version(representation), "PartialObjectMetadataList", form);
  }
  return list_envelope(server, answer, answer.kind->api_version(), std::string(answer.kind->kind) + "List", form);
}

// Partial metadata is of a list exactly when the answer is one.
Result<void> check_shape(const Answer& answer, const Representation& representation) {
  if (representation.shape != Shape::kPartialMetadata || answer.is_status || answer.is_list == representation.is_list) return {};
  const std::string type = "(*" + go_internal_name({.api_version = answer.kind->api_version(), .kind = answer.kind->kind});
  return fail(Reason::kNotAcceptable,
              answer.is_list ? "you requested PartialObjectMetadata, but the requested object is a list " + type + "List)"
                             : "you requested PartialObjectMetadataList, but the requested object is not a list " + type + ")");
}

}  // namespace

Result<http::Body> answer_body(Server& server, const Request& request, const Answer& answer, const Representation& representation,
                               std::string_view include_object, WallTime now) {
  TRY_VOID(check_shape(answer, representation));
  if (representation.format == BodyFormat::kProtobuf) return protobuf_body(server, request, answer, representation);
  if (answer.is_status) return in_format(success_text(*request.kind, answer), representation);
  if (representation.shape != Shape::kTable) {
    if (!answer.is_list) return in_format(object_bytes(server, request, answer, representation.form()), representation);
    const bool partial = representation.shape == Shape::kPartialMetadata;
    return in_format(partial ? partial_list_json(server, answer, representation) : list_json(server, answer), representation);
  }
  TRY(IncludeObject include, include_of(include_object));
  TableOptions options{.meta_version = representation.meta_version, .include = include, .is_list = answer.is_list};
  if (answer.is_list) return in_format(table_text(*answer.kind, answer.items, list_meta(answer), options, now), representation);
  std::span<const Object> one(&answer.object, 1);
  return in_format(table_text(*answer.kind, one, object_list_meta(*answer.object), options, now), representation);
}

Result<void> check_include_object(const Representation& representation, std::string_view include_object) {
  if (representation.shape != Shape::kTable) return {};
  TRY_VOID(include_of(include_object));
  return {};
}

Result<std::string> watched_table(const Kind& kind, const Object& object, const Representation& representation,
                                  std::string_view include_object, bool first, WallTime now) {
  TRY(IncludeObject include, include_of(include_object));
  TableOptions options{.meta_version = representation.meta_version, .include = include, .columns = first};
  return table_text(kind, std::span<const Object>(&object, 1), object_list_meta(*object), options, now);
}

}  // namespace stint::rest
