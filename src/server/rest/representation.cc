#include "server/rest/representation.h"

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

// Items of a typed list stand without their type line: the list names it.
std::string list_json(Server& server, const Answer& answer) {
  const Kind& kind = *answer.kind;
  std::string api_version = kind.api_version();
  std::string type_line = "{\"kind\":\"" + std::string(kind.kind) + "\",\"apiVersion\":\"" + api_version + "\",";
  std::string out = "{\"kind\":\"" + std::string(kind.kind) + "List\",\"apiVersion\":\"" + api_version + "\",\"metadata\":";
  json::encode(list_meta(answer), {}, out);
  out += ",\"items\":[";
  for (const Object& item : answer.items) {
    if (out.back() != '[') out += ',';
    std::shared_ptr<const std::string> text = server.encoded(kind, item, Form::kJson);
    if (text->starts_with(type_line)) {
      out += '{';
      out.append(*text, type_line.size());
    } else {
      out += *text;
    }
  }
  out += "]}";
  return out;
}

std::string partial_list_json(Server& server, const Answer& answer, const Representation& representation) {
  std::string out = "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"" + meta_api_version(representation) + "\",\"metadata\":";
  json::encode(list_meta(answer), {}, out);
  out += ",\"items\":[";
  for (const Object& item : answer.items) {
    if (out.back() != '[') out += ',';
    out += *server.encoded(*answer.kind, item, representation.form());
  }
  out += "]}";
  return out;
}

Result<IncludeObject> include_of(std::string_view text) {
  if (auto include = parse_include_object(text)) return *include;
  return fail(Reason::kBadRequest, "invalid includeObject value: " + quote(text) + ": must be None, Metadata or Object");
}

// Every list kind is {1: metadata, 2: items}: put together from the bytes of its items.
std::string list_envelope(Server& server, const Answer& answer, std::string_view api_version, std::string_view kind, Form form) {
  runtimev1::Unknown list;
  list.mutable_typemeta()->set_apiversion(std::string(api_version));
  list.mutable_typemeta()->set_kind(std::string(kind));
  list.set_contentencoding("");
  list.set_contenttype("");
  std::string& raw = *list.mutable_raw();
  append_bytes_field(1, list_meta(answer).SerializeAsString(), raw);
  for (const Object& item : answer.items) append_bytes_field(2, raw_of_envelope(*server.encoded(*answer.kind, item, form)), raw);
  return std::string(kEnvelopeMagic) + list.SerializeAsString();
}

std::string protobuf_text(Server& server, const Request& request, const Answer& answer, const Representation& representation) {
  if (answer.is_status) return encode_envelope("v1", "Status", status_message(*request.kind, answer));
  const Form form = representation.form();
  if (!answer.is_list) return *object_bytes(server, request, answer, form);
  if (representation.shape == Shape::kPartialMetadata) {
    return list_envelope(server, answer, meta_api_version(representation), "PartialObjectMetadataList", form);
  }
  return list_envelope(server, answer, answer.kind->api_version(), std::string(answer.kind->kind) + "List", form);
}

}  // namespace

Result<std::string> answer_text(Server& server, const Request& request, const Answer& answer, const Representation& representation,
                                std::string_view include_object, WallTime now) {
  if (representation.format == BodyFormat::kProtobuf) return protobuf_text(server, request, answer, representation);
  if (answer.is_status) return in_format(success_text(*request.kind, answer), representation);
  if (representation.shape != Shape::kTable) {
    if (!answer.is_list) return in_format(*object_bytes(server, request, answer, representation.form()), representation);
    const bool partial = representation.shape == Shape::kPartialMetadata;
    return in_format(partial ? partial_list_json(server, answer, representation) : list_json(server, answer), representation);
  }
  TRY(IncludeObject include, include_of(include_object));
  TableOptions options{.meta_version = representation.meta_version, .include = include};
  if (answer.is_list) return in_format(table_text(*answer.kind, answer.items, list_meta(answer), options, now), representation);
  std::span<const Object> one(&answer.object, 1);
  return in_format(table_text(*answer.kind, one, object_list_meta(*answer.object), options, now), representation);
}

Result<std::string> watched_table(const Kind& kind, const Object& object, const Representation& representation,
                                  std::string_view include_object, bool first, WallTime now) {
  TRY(IncludeObject include, include_of(include_object));
  TableOptions options{.meta_version = representation.meta_version, .include = include, .columns = first};
  return table_text(kind, std::span<const Object>(&object, 1), object_list_meta(*object), options, now);
}

}  // namespace stint::rest
