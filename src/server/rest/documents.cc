#include "server/rest/documents.h"

#include <openssl/sha.h>
#include <sys/utsname.h>

#include "api/discovery.h"
#include "api/openapi.h"
#include "server/rest/accept.h"
#include "server/rest/representation.h"
#include "wire/http_date.h"

namespace stint::rest {
namespace {

constexpr std::string_view kMajor = "1";
constexpr std::string_view kMinor = "37";
constexpr std::string_view kMinorBefore = "36";  // that it can be rolled back to
constexpr std::string_view kUpstreamVersion = "v1.37.2";
constexpr Duration kHashedDocumentAge = std::chrono::hours(24 * 365);

std::string sha512(std::string_view text) {
  unsigned char digest[SHA512_DIGEST_LENGTH];
  SHA512(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

// A conditional request that names this very document gets no body again.
bool is_unchanged(const http::Request& request, std::string_view hash) {
  std::string_view known = request.header("If-None-Match");
  return !known.empty() && known.find("\"" + std::string(hash) + "\"") != known.npos;
}

// Whether the client would rather have the aggregated document than the plain one. Older clients ask for v2beta1, which
// upstream 1.37 no longer knows: they get the plain one.
bool wants_aggregated(const http::Request& request) {
  for (const MediaRange& range : parse_accept(request.header("Accept"))) {
    if (!range.admits("application", "json")) continue;
    std::string_view as = range.parameter("as");
    if (as.empty()) return false;
    if (as == "APIGroupDiscoveryList" && range.parameter("g") == "apidiscovery.k8s.io" && range.parameter("v") == "v2") return true;
  }
  return false;
}

// Clients ask with an '@', which no media type may hold: the answer has a dot in its place.
constexpr std::string_view kV2ProtobufAsked = "com.github.proto-openapi.spec.v2@v1.0+protobuf";
constexpr std::string_view kV2Protobuf = "com.github.proto-openapi.spec.v2.v1.0+protobuf";

enum class OpenApiForm { kJson, kProtobuf };
// What the client would rather have; nothing when it takes neither. Version 3 is offered as JSON alone.
std::optional<OpenApiForm> openapi_form(const http::Request& request, bool is_v2) {
  std::vector<MediaRange> ranges = parse_accept(request.header("Accept"));
  if (ranges.empty()) return OpenApiForm::kJson;
  for (const MediaRange& range : ranges) {
    if (range.admits("application", "json")) return OpenApiForm::kJson;
    if (is_v2 && (range.admits("application", kV2ProtobufAsked) || range.admits("application", kV2Protobuf))) return OpenApiForm::kProtobuf;
  }
  return std::nullopt;
}

std::string root_text(const std::vector<std::string>& openapi_paths) {
  std::vector<std::string> paths{"/.well-known/openid-configuration",
                                 "/api",
                                 "/apis",
                                 "/healthz",
                                 "/livez",
                                 "/metrics",
                                 "/openapi/v2",
                                 "/openapi/v3",
                                 "/openid/v1/jwks",
                                 "/openid/v1/jwks/",
                                 "/readyz",
                                 "/version"};
  for (const std::string& path : openapi_paths) {
    paths.push_back("/" + path);
    if (path.starts_with("apis/")) paths.push_back("/" + path.substr(0, path.rfind('/')));
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return json::to_text(json::Members{{"paths", json::Array(paths.begin(), paths.end())}}, 2);
}

Reply hashed_reply(const http::Request& request, std::shared_ptr<const std::string> text, const std::string& hash) {
  Reply reply = json_reply("");
  reply.headers.emplace_back("Vary", "Accept");
  reply.headers.emplace_back("ETag", "\"" + hash + "\"");
  if (is_unchanged(request, hash)) {
    reply.code = 304;
  } else if (text != nullptr) {
    reply.body = std::move(text);
  }
  return reply;
}

}  // namespace

Documents::Documents(Loop& loop, std::string program_version, std::string server_address)
    : loop_(loop), program_version_(std::move(program_version)), server_address_(std::move(server_address)) {}

Documents::Document Documents::document_of(std::string text) {
  std::string hash = sha512(text);
  return {std::make_shared<const std::string>(std::move(text)), std::move(hash)};
}

Task<std::optional<Reply>> Documents::find(http::Request request, Query query, std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.starts_with("/openapi/")) co_return co_await openapi(std::move(request), std::move(query), std::move(path));
  if (path == "/version") {
    const auto acceptable = check_media_types(request, std::span(kMediaTypes, 1));
    co_return acceptable ? json_reply(version_text()) : error_reply(acceptable.error());
  }
  if (path == "/") co_return json_reply(root_text(openapi_v3_paths()));
  if (path == "/api" || path == "/apis") {
    if (wants_aggregated(request)) co_return aggregated(request, path == "/api");
  }
  auto reply = discovery(request, query, path);
  if (!reply) co_return error_reply(reply.error());
  if (reply->body.empty()) co_return std::nullopt;
  co_return *std::move(reply);
}

// A reply without a body: nothing served under this path.
Result<Reply> Documents::discovery(const http::Request& request, const Query& query, std::string_view path) {
  std::string text;
  if (path == "/api") {
    text = api_versions_text(server_address_);
  } else if (path == "/apis") {
    text = api_group_list_text();
  } else if (path.starts_with("/api/")) {
    text = api_resource_list_text({"", path.substr(5)});
  } else if (path.starts_with("/apis/")) {
    std::string_view rest = path.substr(6);
    size_t slash = rest.find('/');
    text = slash == rest.npos ? api_group_text(rest) : api_resource_list_text({rest.substr(0, slash), rest.substr(slash + 1)});
  }
  if (text.empty()) return Reply{};
  if (path != "/api" && path != "/apis") TRY_VOID(check_media_types(request, kMediaTypes));  // upstream's router leads to the others
  TRY(Representation representation, negotiate(request, query, Endpoint::kDocument));
  Reply reply;
  reply.headers.emplace_back("Content-Type", representation.content_type());
  TRY(reply.body, in_format(std::move(text), representation));
  return reply;
}

Reply Documents::aggregated(const http::Request& request, bool core) {
  Document& document = core ? aggregated_core_ : aggregated_groups_;
  if (!document.text) document = document_of(aggregated_discovery_text(core, "v2"));
  Reply reply = hashed_reply(request, document.text, document.hash);
  reply.headers[0].second = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  reply.headers.emplace_back("Cache-Control", "public");
  return reply;
}

Task<std::optional<Reply>> Documents::openapi(http::Request request, Query query, std::string path) {
  if (path != "/openapi/v2" && path != "/openapi/v3" && !path.starts_with("/openapi/v3/")) co_return std::nullopt;
  if (!openapi_index_.text) co_await make_openapi();
  // Which forms there are of the index nobody asks.
  if (path == "/openapi/v3") co_return Reply{200, {{"Content-Type", "text/plain; charset=utf-8"}}, openapi_index_.text};
  if (path == "/openapi/v2") co_return openapi_v2(request);
  std::string group_version = path.substr(std::string_view("/openapi/v3/").size());
  auto document = openapi_v3_.find(group_version);
  if (document == openapi_v3_.end()) co_return Reply{.code = 404};
  if (!openapi_form(request, false)) co_return Reply{406, {{"Vary", "Accept"}}};
  co_return openapi_v3(query, request, document->second, group_version);
}

Reply Documents::openapi_v2(const http::Request& request) const {
  const std::pair<std::string, std::string> varies("Vary", "Accept-Encoding");
  const std::optional<OpenApiForm> form = openapi_form(request, true);
  if (!form) return Reply{406, {varies, {"Vary", "Accept"}}};
  const Document& document = *form == OpenApiForm::kProtobuf ? openapi_v2_protobuf_ : openapi_v2_;
  Reply reply = hashed_reply(request, document.text, document.hash);
  if (*form == OpenApiForm::kProtobuf) reply.headers[0].second = "application/" + std::string(kV2Protobuf);
  reply.headers.insert(reply.headers.begin() + 1, varies);
  return reply;
}

// With the right hash the text may be cached for ever; a wrong one is sent to the right address.
Reply Documents::openapi_v3(const Query& query, const http::Request& request, const Document& document, const std::string& path) {
  std::string asked = query.text("hash");
  if (!asked.empty() && asked != document.hash) {
    Reply moved = hashed_reply(request, nullptr, document.hash);
    moved.code = 301;
    moved.headers.emplace_back("Location", "/openapi/v3/" + path + "?hash=" + document.hash);
    return moved;
  }
  Reply reply = hashed_reply(request, document.text, document.hash);
  if (!asked.empty()) {
    reply.headers.emplace_back("Cache-Control", "public, immutable");
    reply.headers.emplace_back("Expires", http::http_date(loop_.now() + kHashedDocumentAge));
  }
  return reply;
}

// On the pool: the loop would stand still for tens of milliseconds. Two requests at once may make it twice; the texts are equal.
Task<void> Documents::make_openapi() {
  OpenApiDocuments made = co_await on_pool(loop_, [version = git_version()] { return make_openapi_documents(version); });
  json::Members paths;
  for (auto& [path, text] : made.v3) {
    Document document = document_of(std::move(text));
    paths[path] = json::Members{{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + document.hash}};
    openapi_v3_[path] = std::move(document);
  }
  openapi_v2_ = document_of(std::move(made.v2));
  openapi_v2_protobuf_ = document_of(std::move(made.v2_protobuf));
  openapi_index_ = document_of(json::to_text(json::Members{{"paths", std::move(paths)}}));
}

std::string Documents::git_version() const { return std::string(kUpstreamVersion) + "+stint." + program_version_; }

std::string Documents::version_text() const {
  utsname system{};
  uname(&system);
  std::string_view machine = system.machine;
  std::string architecture = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : std::string(machine);
  return json::to_text(json::Members{{"major", kMajor},
                                     {"minor", kMinor},
                                     {"emulationMajor", kMajor},
                                     {"emulationMinor", kMinor},
                                     {"minCompatibilityMajor", kMajor},
                                     {"minCompatibilityMinor", kMinorBefore},
                                     {"gitVersion", git_version()},
                                     {"gitCommit", ""},
                                     {"gitTreeState", "clean"},
                                     {"buildDate", "1970-01-01T00:00:00Z"},
                                     {"goVersion", ""},
                                     {"compiler", "clang"},
                                     {"platform", "linux/" + architecture}},
                       2);
}

}  // namespace stint::rest
