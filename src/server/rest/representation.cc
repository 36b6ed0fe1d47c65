#include "server/rest/representation.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

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

// The JSON of a stored object comes from the server's cache; what a dry run would have stored must not enter it.
std::string object_json(Server& server, const Request& request, const Kind& kind, const Object& object) {
  if (request.dry_run) return json::encode(*object, {kind.api_version(), kind.kind});
  return *server.json_of(kind, object);
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
    std::shared_ptr<const std::string> text = server.json_of(kind, item);
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

std::string partial_list_json(const Answer& answer, const Representation& representation) {
  std::string out = "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"" + meta_api_version(representation) + "\",\"metadata\":";
  json::encode(list_meta(answer), {}, out);
  out += ",\"items\":[";
  for (const Object& item : answer.items) {
    if (out.back() != '[') out += ',';
    append_partial_metadata(*item, representation.meta_version, out);
  }
  out += "]}";
  return out;
}

Result<IncludeObject> include_of(std::string_view text) {
  if (auto include = parse_include_object(text)) return *include;
  return fail(Reason::kBadRequest, "invalid includeObject value: " + quote(text) + ": must be None, Metadata or Object");
}

// The envelope around an already serialized message.
std::string envelope_of_raw(std::string_view api_version, std::string_view kind, std::string raw) {
  runtimev1::Unknown unknown;
  unknown.mutable_typemeta()->set_apiversion(std::string(api_version));
  unknown.mutable_typemeta()->set_kind(std::string(kind));
  unknown.set_raw(std::move(raw));
  unknown.set_contentencoding("");
  unknown.set_contenttype("");
  return std::string("k8s\0", 4) + unknown.SerializeAsString();
}

// Every list kind is {1: metadata, 2: items}: written field by field, so that no item is copied into a list message.
template <class Part>
std::string list_bytes(const Answer& answer, Part part) {
  using google::protobuf::internal::WireFormatLite;
  std::string out;
  {
    google::protobuf::io::StringOutputStream text(&out);
    google::protobuf::io::CodedOutputStream stream(&text);
    auto append = [&stream](int number, const Message& message) {
      stream.WriteTag(WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
      stream.WriteVarint32(static_cast<uint32_t>(message.ByteSizeLong()));
      message.SerializeWithCachedSizes(&stream);
    };
    append(1, list_meta(answer));
    for (const Object& item : answer.items) append(2, part(*item));
  }
  return out;
}

metav1::PartialObjectMetadata partial_of(const Message& object) {
  metav1::PartialObjectMetadata partial;
  *partial.mutable_metadata() = meta(object);
  return partial;
}

std::string protobuf_text(const Request& request, const Answer& answer, const Representation& representation) {
  if (answer.is_status) return encode_envelope("v1", "Status", status_message(*request.kind, answer));
  bool partial = representation.shape == Shape::kPartialMetadata;
  const Kind& kind = *answer.kind;
  if (!answer.is_list) {
    if (partial) return encode_envelope(meta_api_version(representation), "PartialObjectMetadata", partial_of(*answer.object));
    return encode_envelope(kind.api_version(), kind.kind, *answer.object);
  }
  if (partial) return envelope_of_raw(meta_api_version(representation), "PartialObjectMetadataList", list_bytes(answer, partial_of));
  std::string raw = list_bytes(answer, [](const Message& item) -> const Message& { return item; });
  return envelope_of_raw(kind.api_version(), std::string(kind.kind) + "List", std::move(raw));
}

std::string partial_json(const Message& object, const Representation& representation) {
  std::string out;
  append_partial_metadata(object, representation.meta_version, out);
  return out;
}

}  // namespace

Result<std::string> answer_text(Server& server, const Request& request, const Answer& answer, const Representation& representation,
                                std::string_view include_object, WallTime now) {
  if (representation.format == BodyFormat::kProtobuf) return protobuf_text(request, answer, representation);
  if (answer.is_status) return in_format(success_text(*request.kind, answer), representation);
  switch (representation.shape) {
    case Shape::kObject: {
      if (answer.is_list) return in_format(list_json(server, answer), representation);
      return in_format(object_json(server, request, *answer.kind, answer.object), representation);
    }
    case Shape::kPartialMetadata: {
      if (answer.is_list) return in_format(partial_list_json(answer, representation), representation);
      return in_format(partial_json(*answer.object, representation), representation);
    }
    case Shape::kTable:
      break;
  }
  TRY(IncludeObject include, include_of(include_object));
  TableOptions options{.meta_version = representation.meta_version, .include = include};
  if (answer.is_list) return in_format(table_text(*answer.kind, answer.items, list_meta(answer), options, now), representation);
  std::span<const Object> one(&answer.object, 1);
  return in_format(table_text(*answer.kind, one, object_list_meta(*answer.object), options, now), representation);
}

Result<std::string> watched_object_text(Server& server, const Kind& kind, const Object& object, const Representation& representation,
                                        std::string_view include_object, bool first, WallTime now) {
  switch (representation.shape) {
    case Shape::kObject:
      return *server.json_of(kind, object);
    case Shape::kPartialMetadata:
      return partial_json(*object, representation);
    case Shape::kTable:
      break;
  }
  TRY(IncludeObject include, include_of(include_object));
  TableOptions options{.meta_version = representation.meta_version, .include = include, .columns = first};
  return table_text(kind, std::span<const Object>(&object, 1), object_list_meta(*object), options, now);
}

}  // namespace stint::rest
