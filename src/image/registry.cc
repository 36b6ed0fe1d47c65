#include "image/registry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

#include "api/base64.h"
#include "api/json.h"
#include "base/log.h"
#include "image/sha256.h"
#include "os/descriptor.h"

namespace stint {
namespace {

constexpr char kAcceptManifests[] =
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// `Bearer realm="…",service="…"` → realm, service, ….
std::map<std::string, std::string> read_challenge(std::string_view text) {
  std::map<std::string, std::string> fields;
  const size_t space = text.find(' ');
  fields["scheme"] = lower(text.substr(0, space));
  if (space == std::string_view::npos) return fields;
  text.remove_prefix(space + 1);
  while (!text.empty()) {
    const size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) break;
    const size_t end = text.find('"', equals + 2);
    if (end == std::string_view::npos) break;
    std::string key = lower(text.substr(0, equals));
    key.erase(0, key.find_first_not_of(", "));
    fields[key] = std::string(text.substr(equals + 2, end - equals - 2));
    text.remove_prefix(end + 1);
  }
  return fields;
}

// The registry's own words: {"errors":[{"code":…,"message":…}]}, else the body's beginning.
std::string own_words(const HttpReply& reply) {
  std::string text = "unexpected status from registry: " + std::to_string(reply.status);
  const auto document = json::parse(reply.body);
  const json::Value* errors = document ? document->find("errors") : nullptr;
  if (errors != nullptr && errors->is_array()) {
    for (const auto& error : errors->as_array()) {
      const std::string_view message = error.string_at("message");
      text += ": " + std::string(message.empty() ? error.string_at("code") : message);
    }
  } else if (!reply.body.empty()) {
    text += ": " + reply.body.substr(0, 200);
  }
  return text;
}

// Keeps a small body.
BodySink into(std::string& body) {
  return [&body](int64_t offset, std::string_view bytes) {
    if (offset == 0) body.clear();
    body += bytes;
    return body.size() <= ImageRegistry::kManifestBytesMax;
  };
}

std::unexpected<Error> denied(Reason reason, const std::string& why) {
  return fail(reason, "pull access denied, repository does not exist or may require authorization: " + why);
}

std::string basic(const RegistryCredentials& credentials) {
  std::string header = "Basic ";
  append_base64(credentials.username + ":" + credentials.password, header);
  return header;
}

}  // namespace

bool is_loopback_registry(std::string_view registry) {
  if (registry.starts_with("[::1]")) return true;
  const std::string host(registry.substr(0, registry.rfind(':')));
  in_addr address{};
  return host == "localhost" || (inet_pton(AF_INET, host.c_str(), &address) == 1 && host.starts_with("127."));
}

// One of the places, and what it asked us for so far.
class ImageRegistry::Endpoint {
 public:
  Endpoint(RegistryEndpoint endpoint, std::string repository, const std::stop_token& stop, Patience patience)
      : endpoint_(std::move(endpoint)),
        repository_(std::move(repository)),
        transfer_(patience, {.plain_http = endpoint_.plain_http, .ca_file = endpoint_.ca_file, .skip_verify = endpoint_.skip_verify},
                  stop) {}

  const std::string& base() const { return endpoint_.base; }
  // The manifest's digest is checked if it was asked for by one.
  Result<Manifest> manifest(const ImageReference& reference, const std::string& tag_or_digest);
  Result<void> blob(const std::string& digest, int64_t size_bytes, const std::string& path, const std::function<void(int64_t)>& progress);

 private:
  Result<HttpReply> get(Transfer::Request request, const BodySink& sink);
  Result<void> authorize(const std::string& authenticate);
  Result<std::string> fetch_token(std::map<std::string, std::string> challenge);
  Error refusal(const HttpReply& reply) const;

  RegistryEndpoint endpoint_;
  std::string repository_;
  std::string authorization_;
  Transfer transfer_;
};

Result<HttpReply> ImageRegistry::Endpoint::get(Transfer::Request request, const BodySink& sink) {
  request.authorization = authorization_;
  TRY(HttpReply reply, transfer_.get(request, sink));
  if (reply.status != 401 || reply.authenticate.empty()) return reply;
  TRY_VOID(authorize(reply.authenticate));
  request.authorization = authorization_;
  return transfer_.get(request, sink);
}

Result<void> ImageRegistry::Endpoint::authorize(const std::string& authenticate) {
  const auto challenge = read_challenge(authenticate);
  const std::string& scheme = challenge.at("scheme");
  const auto& credentials = endpoint_.credentials;
  if (scheme == "basic") {
    if (!credentials || credentials->username.empty())
      return denied(Reason::kUnauthorized, "authorization failed: no basic auth credentials");
    authorization_ = basic(*credentials);
    return {};
  }
  if (scheme != "bearer" || !challenge.contains("realm"))
    return fail(Reason::kUnauthorized, "authorization failed: the registry asks for " + scheme + " credentials");
  TRY(const std::string token, fetch_token(challenge));
  authorization_ = "Bearer " + token;
  return {};
}

// By GET with a name and a password, or without; by POST for who has a token of longer life. Source: the distribution project's token
// specification.
Result<std::string> ImageRegistry::Endpoint::fetch_token(std::map<std::string, std::string> challenge) {
  const auto& credentials = endpoint_.credentials;
  if (challenge["scope"].empty()) challenge["scope"] = "repository:" + repository_ + ":pull";
  Transfer::Request request{.url = challenge["realm"], .accept = "", .authorization = ""};
  std::string parameters;
  for (const char* key : {"service", "scope"}) {
    if (challenge[key].empty()) continue;
    parameters += (parameters.empty() ? "" : "&") + std::string(key) + "=" + transfer_.escape(challenge[key]);
  }
  if (credentials && !credentials->identity_token.empty()) {
    request.form = parameters + "&grant_type=refresh_token&client_id=stint&refresh_token=" + transfer_.escape(credentials->identity_token);
  } else {
    request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + parameters;
    if (credentials && !credentials->username.empty()) request.authorization = basic(*credentials);
  }
  std::string body;
  TRY(const HttpReply reply, transfer_.get(request, into(body)));
  if (reply.status != 200) return denied(Reason::kUnauthorized, "authorization failed: " + own_words(reply));
  const auto document = json::parse(body);
  if (!document) return fail(Reason::kUnauthorized, "authorization failed: the registry's token is not JSON");
  std::string token(document->string_at("token"));
  if (token.empty()) token = document->string_at("access_token");
  if (token.empty()) return fail(Reason::kUnauthorized, "authorization failed: the registry gave no token");
  return token;
}

Error ImageRegistry::Endpoint::refusal(const HttpReply& reply) const {
  if (reply.status == 401) return denied(Reason::kUnauthorized, "authorization failed: " + own_words(reply)).error();
  if (reply.status == 403) return denied(Reason::kForbidden, own_words(reply)).error();
  return {.reason = Reason::kServiceUnavailable, .message = own_words(reply)};
}

Result<Manifest> ImageRegistry::Endpoint::manifest(const ImageReference& reference, const std::string& tag_or_digest) {
  Manifest manifest;
  const std::string what = "failed to resolve reference \"" + reference.to_string() + "\": ";
  auto reply =
      get({.url = endpoint_.base + "/manifests/" + tag_or_digest, .accept = kAcceptManifests, .authorization = ""}, into(manifest.bytes));
  if (!reply) return fail(reply.error().reason, what + reply.error().message);
  if (reply->status == 404) return fail(Reason::kNotFound, what + reference.to_string() + ": not found");
  if (reply->status != 200) {
    Error error = refusal(*reply);
    return fail(error.reason, what + error.message);
  }
  manifest.media_type = reply->content_type.substr(0, reply->content_type.find(';'));
  manifest.digest = sha256_of(manifest.bytes);
  if (tag_or_digest.starts_with("sha256:") && manifest.digest != tag_or_digest) {
    return fail(Reason::kInvalid, what + "the registry sent a manifest with digest " + manifest.digest);
  }
  return manifest;
}

Result<void> ImageRegistry::Endpoint::blob(const std::string& digest, int64_t size_bytes, const std::string& path,
                                           const std::function<void(int64_t)>& progress) {
  TRY(os::Descriptor file, os::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  std::optional<Sha256> hash(std::in_place);
  int64_t done = 0;
  std::string trouble;
  const auto sink = [&](int64_t offset, std::string_view bytes) {
    if (offset == 0 && done > 0) {  // this registry cannot go on in the middle
      done = 0;
      hash.emplace();
      if (ftruncate(file.get(), 0) != 0 || lseek(file.get(), 0, SEEK_SET) != 0) {
        trouble = errno_error("truncate", errno).message;
        return false;
      }
    }
    if (offset != done) {
      trouble = "the registry sent another part than it was asked for";
      return false;
    }
    done += static_cast<int64_t>(bytes.size());
    if (size_bytes >= 0 && done > size_bytes) {
      trouble = "the registry sent more than the manifest says";
      return false;
    }
    hash->update(bytes);
    if (auto written = os::write_all(file.get(), bytes); !written) {
      trouble = written.error().message;
      return false;
    }
    if (progress) progress(done);
    return true;
  };
  const std::string what = "failed to pull blob " + digest + ": ";
  auto reply = get({.url = endpoint_.base + "/blobs/" + digest, .accept = "", .authorization = "", .resume = true}, sink);
  if (!trouble.empty()) return fail(Reason::kInternalError, what + trouble);
  if (!reply) return fail(reply.error().reason, what + reply.error().message);
  if (reply->status != 200 && reply->status != 206) {
    Error error = refusal(*reply);
    return fail(error.reason, what + error.message);
  }
  if (const std::string found = hash->digest(); found != digest) return fail(Reason::kInvalid, what + "its content has digest " + found);
  return {};
}

ImageRegistry::ImageRegistry(ImageReference reference, std::vector<RegistryEndpoint> endpoints, std::stop_token stop, Patience patience)
    : reference_(std::move(reference)) {
  for (RegistryEndpoint& endpoint : endpoints) endpoints_.emplace_back(std::move(endpoint), reference_.repository, stop, patience);
}

ImageRegistry::ImageRegistry(ImageReference reference, std::stop_token stop, Patience patience)
    : ImageRegistry(reference, RegistrySettings().endpoints(reference, std::nullopt), std::move(stop), patience) {}

ImageRegistry::~ImageRegistry() = default;

namespace {

// What the first of the places answers that can; the error of the last.
template <class Endpoints, class Ask>
auto first_answer(Endpoints& endpoints, const Ask& ask) {
  for (size_t i = 0; i + 1 < endpoints.size(); ++i) {
    auto answer = ask(endpoints[i]);
    if (answer) return answer;
    log_info("a mirror does not help", "mirror", endpoints[i].base(), "error", answer.error().message);
  }
  return ask(endpoints.back());
}

}  // namespace

Result<Manifest> ImageRegistry::manifest(const std::string& tag_or_digest) {
  return first_answer(endpoints_, [&](Endpoint& endpoint) { return endpoint.manifest(reference_, tag_or_digest); });
}

Result<void> ImageRegistry::blob(const std::string& digest, int64_t size_bytes, const std::string& path,
                                 std::function<void(int64_t)> progress) {
  return first_answer(endpoints_, [&](Endpoint& endpoint) { return endpoint.blob(digest, size_bytes, path, progress); });
}

}  // namespace stint
