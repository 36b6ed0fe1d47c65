#include <algorithm>

#include "server/rest/accept.h"
#include "server/rest/representation.h"
#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

constexpr std::string_view kAccepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
constexpr std::string_view kListMediaTypes[] = {kMediaTypes[0], kMediaTypes[1], kMediaTypes[2], "application/json;stream=watch",
                                                "application/vnd.kubernetes.protobuf;stream=watch"};
constexpr std::string_view kStreamsAccepted = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

constexpr std::string_view kPartialList = "PartialObjectMetadataList";

// The formats a clause admits, best first.
std::vector<BodyFormat> formats_of(const MediaRange& range) {
  if (range.type == "*" && range.subtype == "*") return {BodyFormat::kJson, BodyFormat::kYaml, BodyFormat::kProtobuf};
  if (range.type != "application") return {};
  if (range.subtype == "*") return {BodyFormat::kJson, BodyFormat::kYaml, BodyFormat::kProtobuf};
  if (range.subtype == "json") return {BodyFormat::kJson};
  if (range.subtype == "yaml") return {BodyFormat::kYaml};
  if (range.subtype == "vnd.kubernetes.protobuf") return {BodyFormat::kProtobuf};
  return {};
}

bool serves(Endpoint endpoint, BodyFormat format, Shape shape) {
  if (endpoint == Endpoint::kDocument) return format != BodyFormat::kProtobuf && shape == Shape::kObject;
  return format != BodyFormat::kProtobuf || shape != Shape::kTable;
}

// The shape a clause asks for; nothing when this endpoint has no such shape.
std::optional<Shape> shape_of(const MediaRange& range, Endpoint endpoint) {
  auto as = range.parameters.find("as");
  if (as == range.parameters.end() || as->second.empty()) return Shape::kObject;
  auto group = range.parameters.find("g");
  auto version = range.parameters.find("v");
  if (group == range.parameters.end() || group->second != "meta.k8s.io" || version == range.parameters.end()) return std::nullopt;
  if (version->second != "v1" && version->second != "v1beta1") return std::nullopt;
  if (as->second == "Table") return Shape::kTable;
  // Whether it is a list that is asked for matters once there is an answer.
  const bool is_partial = as->second == "PartialObjectMetadata" || (endpoint != Endpoint::kWatch && as->second == kPartialList);
  return is_partial ? std::optional(Shape::kPartialMetadata) : std::nullopt;
}

// YAML has no stream form. A clause that names the stream is passed over for it, upstream's one word is "watch".
bool serves_stream(const MediaRange& range, BodyFormat format) {
  const std::string_view stream = range.parameter("stream");
  return stream.empty() || (stream == "watch" && format != BodyFormat::kYaml);
}

std::unexpected<Error> not_acceptable(Endpoint endpoint) {
  const std::string_view accepted = endpoint == Endpoint::kWatch ? kStreamsAccepted : kAccepted;
  return fail(Reason::kNotAcceptable, "only the following media types are accepted: " + std::string(accepted));
}

bool wants_pretty(const http::Request& request, const Query& query, const MediaRange* range) {
  if (range != nullptr) {
    auto pretty = range->parameters.find("pretty");
    if (pretty != range->parameters.end()) return pretty->second == "1";
  }
  if (auto pretty = query.optional_flag("pretty")) return *pretty;
  std::string_view agent = request.header("User-Agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

// As Go's json.Indent with two spaces: empty objects and lists stay on one line.
std::string indented(std::string_view compact) {
  std::string out;
  out.reserve(compact.size() * 2);
  size_t depth = 0;
  bool in_string = false;
  auto new_line = [&] { out.append("\n").append(depth * 2, ' '); };
  for (size_t i = 0; i < compact.size(); ++i) {
    char c = compact[i];
    if (in_string) {
      out += c;
      if (c == '\\') out += compact[++i];
      in_string = c != '"';
      continue;
    }
    bool is_empty = i + 1 < compact.size() && (compact[i + 1] == '}' || compact[i + 1] == ']');
    switch (c) {
      case '{':
      case '[':
        out += c;
        ++depth;
        if (!is_empty) new_line();
        break;
      case '}':
      case ']':
        --depth;
        if (compact[i - 1] != '{' && compact[i - 1] != '[') new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      case ':':
        out += ": ";
        break;
      default:
        out += c;
        in_string = c == '"';
    }
  }
  return out;
}

}  // namespace

std::string_view Representation::content_type() const {
  switch (format) {
    case BodyFormat::kJson:
      return "application/json";
    case BodyFormat::kYaml:
      return "application/yaml";
    case BodyFormat::kProtobuf:
      return "application/vnd.kubernetes.protobuf";
  }
  return "";
}

std::string_view Representation::stream_content_type() const {
  return format == BodyFormat::kProtobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : content_type();
}

Form Representation::form() const {
  const bool protobuf = format == BodyFormat::kProtobuf;
  if (shape == Shape::kObject) return protobuf ? Form::kProtobuf : Form::kJson;
  if (meta_version == "v1") return protobuf ? Form::kPartialProtobuf : Form::kPartialJson;
  return protobuf ? Form::kPartialProtobufBeta : Form::kPartialJsonBeta;
}

Result<void> check_media_types(const http::Request& request, std::span<const std::string_view> produced) {
  std::string_view accept = request.header("Accept");
  if (accept.empty()) return {};
  while (true) {
    const size_t comma = accept.find(',');
    std::string_view type = accept.substr(0, comma);
    type = type.substr(0, type.find(';'));
    while (type.starts_with(' ')) type.remove_prefix(1);
    while (type.ends_with(' ')) type.remove_suffix(1);
    if (type == "*/*" || std::ranges::find(produced, type) != produced.end()) return {};
    if (comma == std::string_view::npos || comma + 1 == accept.size()) break;
    accept.remove_prefix(comma + 1);
  }
  std::string available;
  for (const std::string_view type : produced) available.append(available.empty() ? "" : ", ").append(type);
  return fail(Reason::kNotAcceptable, std::string(kNoRepresentation) + available);
}

Result<Representation> negotiate(const http::Request& request, const Query& query, Endpoint endpoint) {
  if (endpoint == Endpoint::kObject) TRY_VOID(check_media_types(request, kMediaTypes));
  if (endpoint == Endpoint::kList || endpoint == Endpoint::kWatch) TRY_VOID(check_media_types(request, kListMediaTypes));
  const std::vector<MediaRange> ranges = parse_accept(request.header("Accept"));
  if (ranges.empty()) return Representation{.pretty = wants_pretty(request, query, nullptr)};
  for (const MediaRange& range : ranges) {
    std::optional<Shape> shape = shape_of(range, endpoint);
    if (!shape) continue;
    for (BodyFormat format : formats_of(range)) {
      if (!serves(endpoint, format, *shape) || !serves_stream(range, format)) continue;
      // Even if a later clause would do: so does upstream.
      if (endpoint == Endpoint::kWatch && format == BodyFormat::kYaml) return not_acceptable(endpoint);
      Representation chosen{.format = format, .shape = *shape, .pretty = wants_pretty(request, query, &range)};
      if (*shape != Shape::kObject) chosen.meta_version = range.parameters.at("v");
      chosen.is_list = range.parameter("as") == kPartialList;
      return chosen;
    }
  }
  return not_acceptable(endpoint);
}

Result<void> present_error(const http::Request& request, const Query& query, Reply& reply) {
  if (!reply.error) return {};
  const std::vector<MediaRange> ranges = parse_accept(request.header("Accept"));
  Representation chosen{.pretty = ranges.empty() && wants_pretty(request, query, nullptr)};
  for (const MediaRange& range : ranges) {
    const std::vector<BodyFormat> formats = formats_of(range);
    // Neither streams nor other shapes hold a Status.
    if (formats.empty() || !range.parameter("as").empty() || !range.parameter("stream").empty()) continue;
    chosen = {.format = formats[0], .pretty = wants_pretty(request, query, &range)};
    break;
  }
  if (chosen.format == BodyFormat::kProtobuf) {
    reply.body = encode_envelope("v1", "Status", failure_message(*reply.error));
  } else {
    TRY(reply.body, in_format(status_text(*reply.error), chosen));
  }
  for (auto& [name, value] : reply.headers) {
    if (name == "Content-Type") value = chosen.content_type();
  }
  return {};
}

Result<http::Body> in_format(http::Body compact_json, const Representation& representation) {
  if (representation.format == BodyFormat::kYaml) {
    const std::string text = compact_json.text();
    TRY(json::Value value, json::parse(text, nullptr, text.size()));
    return http::Body(json::to_yaml(value));
  }
  if (representation.pretty) return http::Body(indented(compact_json.text()));
  compact_json.append_literal("\n");
  return compact_json;
}

}  // namespace stint::rest
