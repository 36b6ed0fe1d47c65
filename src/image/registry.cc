#include "image/registry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

#include "api/json.h"
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
  std::string authorization;
  Transfer transfer;

  Result<HttpReply> get(Transfer::Request request, const BodySink& sink);
  Result<void> fetch_token(const std::string& authenticate);
};

Result<HttpReply> ImageRegistry::State::get(Transfer::Request request, const BodySink& sink) {
  request.authorization = authorization;
  TRY(HttpReply reply, transfer.get(request, sink));
  if (reply.status != 401 || reply.authenticate.empty()) return reply;
  TRY_VOID(fetch_token(reply.authenticate));
  request.authorization = authorization;
  return transfer.get(request, sink);
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
    url += separator + std::string(key) + "=" + transfer.escape(challenge[key]);
    separator = '&';
  }
  std::string body;
  TRY(const HttpReply reply, transfer.get({.url = url, .accept = "", .authorization = ""}, into(body)));
  if (reply.status != 200) return fail(Reason::kUnauthorized, "authorization failed: " + own_words(reply));
  TRY(const json::Value document, json::parse(body));
  std::string token(document.string_at("token"));
  if (token.empty()) token = document.string_at("access_token");
  if (token.empty()) return fail(Reason::kUnauthorized, "authorization failed: the registry gave no token");
  authorization = "Bearer " + token;
  return {};
}

ImageRegistry::ImageRegistry(ImageReference reference, std::stop_token stop, Patience patience) {
  const bool loopback = is_loopback_registry(reference.registry);
  const std::string host = reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry;
  std::string base = (loopback ? "http://" : "https://") + host + "/v2/" + reference.repository;
  state_ = std::make_unique<State>(std::move(reference), std::move(base), "", Transfer(patience, loopback, std::move(stop)));
}

ImageRegistry::~ImageRegistry() = default;

Result<Manifest> ImageRegistry::manifest(const std::string& tag_or_digest) {
  Manifest manifest;
  const std::string what = "failed to resolve reference \"" + state_->reference.to_string() + "\": ";
  auto reply = state_->get({.url = state_->base + "/manifests/" + tag_or_digest, .accept = kAcceptManifests, .authorization = ""},
                           into(manifest.bytes));
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
  auto reply = state_->get({.url = state_->base + "/blobs/" + digest, .accept = "", .authorization = "", .resume = true}, sink);
  if (!trouble.empty()) return fail(Reason::kInternalError, what + trouble);
  if (!reply) return fail(reply.error().reason, what + reply.error().message);
  if (reply->status != 200 && reply->status != 206) return fail(Reason::kServiceUnavailable, what + own_words(*reply));
  if (const std::string found = hash->digest(); found != digest) return fail(Reason::kInvalid, what + "its content has digest " + found);
  return {};
}

}  // namespace stint
