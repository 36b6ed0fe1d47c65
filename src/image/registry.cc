#include "image/registry.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "api/json.h"
#include "image/sha256.h"
#include "os/descriptor.h"

namespace stint {
namespace {

constexpr long kConnectSecondsMax = 30;
// Slower than this for so long is a stall.
constexpr long kStallBytesPerSecond = 1024;
constexpr long kStallSeconds = 60;
constexpr size_t kErrorBytesMax = 16 * 1024;
constexpr long kRedirectsMax = 5;

constexpr char kAcceptManifests[] =
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

struct Reply {
  long status = 0;
  std::string content_type;
  std::string authenticate;  // WWW-Authenticate
  std::string body;          // of an error, or of a small answer
};

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
std::string own_words(const Reply& reply) {
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

std::once_flag curl_once;

}  // namespace

bool is_loopback_registry(std::string_view registry) {
  if (registry.starts_with("[::1]")) return true;
  const std::string host(registry.substr(0, registry.rfind(':')));
  in_addr address{};
  return host == "localhost" || (inet_pton(AF_INET, host.c_str(), &address) == 1 && host.starts_with("127."));
}

struct ImageRegistry::State {
  ImageReference reference;
  std::string base;  // "https://registry-1.docker.io/v2/library/bash"
  CURL* curl = nullptr;
  std::string token;
  std::stop_token stop;

  // One transfer. `sink` gets the body of a 200; any other body is kept, up to a limit, in the reply.
  Result<Reply> get(const std::string& url, const char* accept, bool authorize, std::function<bool(std::string_view)> sink);
  Result<Reply> get_authorized(const std::string& url, const char* accept, std::function<bool(std::string_view)> sink);
  Result<void> fetch_token(const std::string& authenticate);
};

namespace {

struct Transfer {
  CURL* curl;
  Reply reply;
  std::function<bool(std::string_view)> sink;
  std::stop_token stop;

  static int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->stop.stop_requested() ? 1 : 0;
  }
  static size_t on_body(char* data, size_t, size_t size, void* context) {
    auto* self = static_cast<Transfer*>(context);
    long status = 0;
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return self->sink({data, size}) ? size : 0;
    self->reply.body.append(data, std::min(size, kErrorBytesMax - std::min(kErrorBytesMax, self->reply.body.size())));
    return size;
  }
  static size_t on_header(char* data, size_t, size_t size, void* context) {
    auto* self = static_cast<Transfer*>(context);
    const std::string_view line(data, size);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front()))) value.remove_prefix(1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) value.remove_suffix(1);
    const std::string name = lower(line.substr(0, colon));
    if (name == "content-type") self->reply.content_type = value;
    if (name == "www-authenticate") self->reply.authenticate = value;
    return size;
  }
};

}  // namespace

Result<Reply> ImageRegistry::State::get(const std::string& url, const char* accept, bool authorize,
                                        std::function<bool(std::string_view)> sink) {
  Transfer transfer{curl, {}, std::move(sink), stop};
  curl_easy_reset(curl);
  curl_slist* headers = accept != nullptr ? curl_slist_append(nullptr, accept) : nullptr;
  // libcurl itself keeps this header from other hosts when a blob redirects to one.
  if (authorize && !token.empty()) headers = curl_slist_append(headers, ("Authorization: Bearer " + token).c_str());
  char words[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "stint/" STINT_VERSION);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_loopback_registry(reference.registry) ? "http,https" : "https");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSecondsMax);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.reply.status);
  if (code != CURLE_OK) {
    return fail(Reason::kServiceUnavailable, "get " + url + ": " + (words[0] != '\0' ? words : curl_easy_strerror(code)));
  }
  return std::move(transfer.reply);
}

Result<Reply> ImageRegistry::State::get_authorized(const std::string& url, const char* accept, std::function<bool(std::string_view)> sink) {
  TRY(Reply reply, get(url, accept, true, sink));
  if (reply.status != 401 || reply.authenticate.empty()) return reply;
  TRY_VOID(fetch_token(reply.authenticate));
  return get(url, accept, true, std::move(sink));
}

Result<void> ImageRegistry::State::fetch_token(const std::string& authenticate) {
  auto challenge = read_challenge(authenticate);
  if (challenge["scheme"] != "bearer" || challenge["realm"].empty()) {
    return fail(Reason::kUnauthorized, "authorization failed: the registry asks for " + challenge["scheme"] + " credentials");
  }
  std::string url = challenge["realm"];
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const char* key : {"service", "scope"}) {
    if (challenge[key].empty()) continue;
    char* escaped = curl_easy_escape(curl, challenge[key].c_str(), 0);
    url += separator + std::string(key) + "=" + escaped;
    curl_free(escaped);
    separator = '&';
  }
  std::string body;
  const auto sink = [&body](std::string_view bytes) {
    body += bytes;
    return body.size() <= kManifestBytesMax;
  };
  TRY(const Reply reply, get(url, nullptr, false, sink));
  if (reply.status != 200) return fail(Reason::kUnauthorized, "authorization failed: " + own_words(reply));
  TRY(const json::Value document, json::parse(body));
  token = document.string_at("token");
  if (token.empty()) token = document.string_at("access_token");
  if (token.empty()) return fail(Reason::kUnauthorized, "authorization failed: the registry gave no token");
  return {};
}

ImageRegistry::ImageRegistry(ImageReference reference, std::stop_token stop) : state_(std::make_unique<State>()) {
  std::call_once(curl_once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const bool loopback = is_loopback_registry(reference.registry);
  const std::string host = reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry;
  state_->base = (loopback ? "http://" : "https://") + host + "/v2/" + reference.repository;
  state_->reference = std::move(reference);
  state_->stop = std::move(stop);
  state_->curl = curl_easy_init();
}

ImageRegistry::~ImageRegistry() { curl_easy_cleanup(state_->curl); }

Result<Manifest> ImageRegistry::manifest(const std::string& tag_or_digest) {
  Manifest manifest;
  const auto sink = [&manifest](std::string_view bytes) {
    manifest.bytes += bytes;
    return manifest.bytes.size() <= kManifestBytesMax;
  };
  const std::string what = "failed to resolve reference \"" + state_->reference.to_string() + "\": ";
  auto reply = state_->get_authorized(state_->base + "/manifests/" + tag_or_digest, kAcceptManifests, sink);
  if (!reply) return fail(reply.error().reason, what + reply.error().message);
  if (reply->status == 404) return fail(Reason::kNotFound, what + state_->reference.to_string() + ": not found");
  if (reply->status != 200) return fail(Reason::kServiceUnavailable, what + own_words(*reply));
  manifest.media_type = reply->content_type.substr(0, reply->content_type.find(';'));
  manifest.digest = sha256_of(manifest.bytes);
  if (tag_or_digest.starts_with("sha256:") && manifest.digest != tag_or_digest) {
    return fail(Reason::kInvalid, what + "the registry sent a manifest with digest " + manifest.digest);
  }
  return manifest;
}

Result<void> ImageRegistry::blob(const std::string& digest, int64_t size_bytes, const std::string& path,
                                 std::function<void(int64_t)> progress) {
  TRY(os::Descriptor file, os::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  Sha256 hash;
  int64_t done = 0;
  std::string trouble;
  const auto sink = [&](std::string_view bytes) {
    done += static_cast<int64_t>(bytes.size());
    if (size_bytes >= 0 && done > size_bytes) {
      trouble = "the registry sent more than the manifest says";
      return false;
    }
    hash.update(bytes);
    if (auto written = os::write_all(file.get(), bytes); !written) {
      trouble = written.error().message;
      return false;
    }
    if (progress) progress(done);
    return true;
  };
  const std::string what = "failed to pull blob " + digest + ": ";
  auto reply = state_->get_authorized(state_->base + "/blobs/" + digest, nullptr, sink);
  if (!trouble.empty()) return fail(Reason::kInternalError, what + trouble);
  if (!reply) return fail(reply.error().reason, what + reply.error().message);
  if (reply->status != 200) return fail(Reason::kServiceUnavailable, what + own_words(*reply));
  if (const std::string found = hash.digest(); found != digest) return fail(Reason::kInvalid, what + "its content has digest " + found);
  return {};
}

}  // namespace stint
