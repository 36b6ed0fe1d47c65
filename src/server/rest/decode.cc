#include "server/rest/decode.h"

#include <algorithm>
#include <cctype>

#include "api/foreign_type.h"
#include "api/go_quote.h"
#include "server/errors.h"
#include "server/managed_fields.h"
#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

constexpr size_t kFieldManagerBytesMax = 128;
constexpr std::pair<std::string_view, PatchType> kPatchTypes[] = {
    {"application/json-patch+json", PatchType::kJson},
    {"application/merge-patch+json", PatchType::kMerge},
    {"application/strategic-merge-patch+json", PatchType::kStrategic},
    {"application/apply-patch+yaml", PatchType::kApply},
};

std::string media_type(const http::Request& http) {
  std::string_view type = http.header("Content-Type");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return std::string(type);
}

Error unknown_format(std::string_view accepted) {
  return Error{.reason = Reason::kUnsupportedMediaType,
               .message = "the body of the request was in an unknown format - accepted media types include: " + std::string(accepted)};
}

Result<BodyFormat> body_format(const http::Request& http) {
  std::string type = media_type(http);
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (type.empty() || type == "application/json") return BodyFormat::kJson;
  if (type == "application/yaml") return BodyFormat::kYaml;
  if (type == "application/vnd.kubernetes.protobuf") return BodyFormat::kProtobuf;
  return fail(unknown_format("application/json, application/yaml, application/vnd.kubernetes.protobuf"));
}

Result<void> check_size(const http::Request& http) {
  if (http.body.size() <= json::kBodyBytesMax) return {};
  return fail(Reason::kRequestEntityTooLarge, "Request entity too large: limit is " + std::to_string(json::kBodyBytesMax));
}

std::string_view options_kind(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "CreateOptions";
    case Verb::kPatch:
      return "PatchOptions";
    case Verb::kDelete:
    case Verb::kDeleteCollection:
      return "DeleteOptions";
    default:
      return "UpdateOptions";
  }
}

void check_dry_run(const std::vector<std::string>& values, FieldErrors& errors) {
  bool all_known = std::all_of(values.begin(), values.end(), [](const std::string& value) { return value == "All"; });
  if (all_known) return;
  json::Array shown(values.begin(), values.end());
  errors.add({"FieldValueNotSupported",
              "Unsupported value: " + json::to_text(json::Value(std::move(shown))) + ": supported values: \"All\"", "dryRun"});
}

void check_field_manager(const std::string& manager, FieldErrors& errors) {
  if (manager.size() > kFieldManagerBytesMax) errors.too_long("fieldManager", kFieldManagerBytesMax);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (size_t i = 0; i < manager.size(); ++i) {
    const auto c = static_cast<unsigned char>(manager[i]);
    if (c >= 0x20 && c != 0x7f) continue;
    const std::string code{'0', '0', kHex[c >> 4], kHex[c & 15]};
    errors.invalid("fieldManager", go_quoted(manager), "invalid character U+" + code + " (at position " + std::to_string(i) + ")");
  }
}

// Upstream's default: the client's own name, as it stands before the first slash.
std::string default_manager(std::string_view user_agent) {
  std::string manager;
  for (char c : user_agent.substr(0, user_agent.find('/'))) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && manager.size() < kFieldManagerBytesMax) manager += c;
  }
  return manager;
}

// dryRun, fieldManager, fieldValidation of create, update and patch.
Result<void> decode_write_options(const http::Request& http, const Query& query, Request& request) {
  FieldErrors errors;
  request.field_manager = query.text("fieldManager");
  const bool is_apply = stint::is_apply(request);
  if (is_apply && request.field_manager.empty()) errors.required("fieldManager", "is required for apply patch");
  if (request.patch && !is_apply && query.find("force")) errors.forbidden("force", "may not be specified for non-apply patch");
  request.force = is_apply && query.flag("force");
  check_field_manager(request.field_manager, errors);
  std::vector<std::string> dry_run = query.all("dryRun");
  check_dry_run(dry_run, errors);
  std::string validation = query.text("fieldValidation");
  constexpr std::string_view kSupported[] = {"", "Ignore", "Strict", "Warn"};
  if (std::find(std::begin(kSupported), std::end(kSupported), validation) == std::end(kSupported)) {
    errors.not_supported("fieldValidation", validation, kSupported);
  }
  if (!errors.empty()) return fail(invalid(std::string(options_kind(request.verb)) + ".meta.k8s.io", "", errors));
  request.dry_run = !dry_run.empty();
  if (validation == "Ignore") request.field_validation = FieldValidation::kIgnore;
  if (validation == "Strict") request.field_validation = FieldValidation::kStrict;
  if (request.field_manager.empty()) request.field_manager = default_manager(http.header("User-Agent"));
  return {};
}

// The class of a body: the kind's own, or for a subresource such as pods/binding the one its row names.
std::unique_ptr<Message> body_prototype(const Kind& kind, const Subresource* subresource) {
  if (subresource != nullptr && subresource->type != nullptr) return subresource->type->make();
  if (subresource == nullptr || subresource->kind == kind.kind) return kind.make();
  std::string_view package = kind.descriptor()->file()->package();
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(package) + "." +
                                                                                               std::string(subresource->kind));
  if (type == nullptr) return nullptr;
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  return std::unique_ptr<Message>(prototype->New());
}

Result<void> decode_object(const http::Request& http, Request& request) {
  TRY(BodyFormat format, body_format(http));
  TRY_VOID(check_size(http));
  const Kind& kind = *request.kind;
  const Subresource* subresource = request.subresource.empty() ? nullptr : kind.subresource(request.subresource);
  std::string expected(subresource != nullptr ? subresource->kind : kind.kind);
  std::unique_ptr<Message> prototype = body_prototype(kind, subresource);  // its kind and version are the server's to check
  if (prototype == nullptr) return fail(Reason::kInternalError, "Internal error occurred: no such kind as " + expected);
  const bool of_another = subresource != nullptr && subresource->type != nullptr;
  TRY(request.body, decode_body(format, http.body, *prototype, expected, (of_another ? *subresource->type : kind).api_version()));
  return {};
}

Result<PatchType> patch_type(const http::Request& http) {
  const std::string type = media_type(http);
  for (const auto& [name, meaning] : kPatchTypes) {
    if (type == name) return meaning;
  }
  return fail(Reason::kUnsupportedMediaType, std::string(kUnsupportedPatch));
}

// A configuration is YAML, of which JSON is a part; upstream reads it twice, as the messages show.
Result<json::Value> parse_configuration(const std::string& body, std::vector<std::string>& duplicates) {
  auto parsed = json::parse_yaml(body, &duplicates);
  if (!parsed) {
    const std::string& why = parsed.error().message;
    if (parsed.error().reason != Reason::kBadRequest) return fail(Reason::kBadRequest, "error decoding patch: " + why);
    const bool looks_like_json = body.find_first_not_of(" \t\r\n") == body.find('{');
    return fail(Reason::kBadRequest,
                (looks_like_json ? "error decoding patch: error converting YAML to JSON: " : "error encoding patch: ") + why);
  }
  if (parsed->is_object()) return parsed;
  if (parsed->is_null()) return json::Value(json::Members());
  return fail(Reason::kBadRequest, "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                                       std::string(go_name(*parsed)) + " into Go value of type map[string]interface {}");
}

Result<void> decode_patch(const http::Request& http, const Query& query, Request& request) {
  PatchBody patch;
  TRY(patch.type, patch_type(http));
  TRY_VOID(check_size(http));
  request.patch = std::move(patch);
  TRY_VOID(decode_write_options(http, query, request));
  if (is_apply(request)) {
    TRY(request.patch->patch, parse_configuration(http.body, request.patch->duplicates));
    return {};
  }
  auto parsed = json::parse(http.body, &request.patch->duplicates);
  if (!parsed) return fail(Reason::kBadRequest, "invalid JSON patch");
  request.patch->patch = *std::move(parsed);
  return {};
}

Result<void> decode_list_options(const Query& query, Request& request) {
  request.label_selector = query.text("labelSelector");
  request.field_selector = query.text("fieldSelector");
  request.resource_version = query.text("resourceVersion");
  request.resource_version_match = query.text("resourceVersionMatch");
  request.continue_token = query.text("continue");
  request.allow_bookmarks = query.flag("allowWatchBookmarks");
  request.send_initial_events = query.optional_flag("sendInitialEvents");
  TRY(std::optional<int64_t> limit, query.integer("limit"));
  request.limit = static_cast<size_t>(std::max<int64_t>(limit.value_or(0), 0));
  return {};
}

// Upstream's errors of these do not say what was expected.
Result<void> check_is_options(const TypeName& said) {
  if (said.kind.empty() || said.kind == "DeleteOptions") return {};
  return fail(Reason::kBadRequest, not_registered({.api_version = said.api_version.empty() ? "v1" : said.api_version, .kind = said.kind}));
}

Result<void> delete_options_from_wire(std::string_view body, metav1::DeleteOptions& options) {
  TRY(const Envelope envelope, decode_envelope(body));
  TRY_VOID(check_is_options({.api_version = envelope.api_version, .kind = envelope.kind}));
  if (!options.ParseFromString(envelope.raw)) return fail(Reason::kBadRequest, "proto: the message is malformed");
  options.DiscardUnknownFields();
  return {};
}

Result<void> delete_options_from_body(const http::Request& http, metav1::DeleteOptions& options) {
  TRY(BodyFormat format, body_format(http));
  if (format == BodyFormat::kProtobuf) return delete_options_from_wire(http.body, options);
  auto document = format == BodyFormat::kYaml ? json::parse_yaml(http.body) : json::parse(http.body);
  if (!document && format == BodyFormat::kJson) {
    return fail(Reason::kBadRequest, "couldn't get version/kind; json parse error: " + document.error().message);
  }
  if (!document) return fail(document.error());
  if (document->is_null()) return {};
  if (const std::string fault = type_line_fault(*document); !fault.empty()) return fail(Reason::kBadRequest, fault);
  TRY_VOID(check_is_options({.api_version = document->string_at("apiVersion"), .kind = document->string_at("kind")}));
  return json::decode(*document, options);
}

Result<void> delete_options_from_query(const Query& query, metav1::DeleteOptions& options) {
  TRY(std::optional<int64_t> grace, query.integer("gracePeriodSeconds"));
  if (grace) options.set_graceperiodseconds(*grace);
  if (auto policy = query.find("propagationPolicy")) options.set_propagationpolicy(std::string(*policy));
  if (auto orphan = query.optional_flag("orphanDependents")) options.set_orphandependents(*orphan);
  for (const std::string& value : query.all("dryRun")) options.add_dryrun(value);
  return {};
}

void check_delete_options(const metav1::DeleteOptions& options, FieldErrors& errors) {
  const std::string& policy = options.propagationpolicy();
  if (options.has_orphandependents() && options.has_propagationpolicy()) {
    errors.invalid("propagationPolicy", quote(policy), "orphanDependents and deletionPropagation cannot be both set");
  }
  if (options.has_propagationpolicy() && policy != "Foreground" && policy != "Background" && policy != "Orphan") {
    constexpr std::string_view kSupported[] = {"Foreground", "Background", "Orphan", "nil"};
    errors.not_supported("propagationPolicy", policy, kSupported);
  }
  check_dry_run({options.dryrun().begin(), options.dryrun().end()}, errors);
}

Result<void> decode_delete(const http::Request& http, const Query& query, Request& request) {
  TRY(metav1::DeleteOptions options, decode_delete_options(http, query));
  request.dry_run = options.dryrun_size() > 0;
  DeleteRequest& remove = request.remove;
  if (options.has_graceperiodseconds()) remove.grace_period_seconds = options.graceperiodseconds();
  if (options.has_orphandependents()) remove.propagation = options.orphandependents() ? Propagation::kOrphan : Propagation::kBackground;
  if (options.has_propagationpolicy()) {
    const std::string& policy = options.propagationpolicy();
    remove.propagation = policy == "Foreground" ? Propagation::kForeground
                         : policy == "Orphan"   ? Propagation::kOrphan
                                                : Propagation::kBackground;
  }
  request.propagation_chosen = remove.propagation.has_value();
  remove.uid = options.preconditions().uid();
  remove.resource_version = options.preconditions().resourceversion();
  return {};
}

}  // namespace

Result<metav1::DeleteOptions> decode_delete_options(const http::Request& http, const Query& query) {
  TRY_VOID(check_size(http));
  metav1::DeleteOptions options;
  TRY_VOID(http.body.empty() ? delete_options_from_query(query, options) : delete_options_from_body(http, options));
  FieldErrors errors;
  check_delete_options(options, errors);
  if (!errors.empty()) return fail(invalid("DeleteOptions.meta.k8s.io", "", errors));
  return options;
}

Result<void> decode_request(const http::Request& http, const Query& query, Request& request) {
  switch (request.verb) {
    case Verb::kGet:
      request.resource_version = query.text("resourceVersion");
      return {};
    case Verb::kList:
    case Verb::kWatch:
      return decode_list_options(query, request);
    case Verb::kCreate:
    case Verb::kUpdate:
      TRY_VOID(decode_write_options(http, query, request));
      return decode_object(http, request);
    case Verb::kPatch:
      return decode_patch(http, query, request);
    case Verb::kDelete:
      return decode_delete(http, query, request);
    case Verb::kDeleteCollection:
      TRY_VOID(decode_list_options(query, request));
      return decode_delete(http, query, request);
  }
  return {};
}

}  // namespace stint::rest
