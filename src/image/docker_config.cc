#include "image/docker_config.h"

#include <fnmatch.h>

#include <algorithm>

#include "api/base64.h"
#include "api/json.h"
#include "image/sha256.h"

namespace stint {
namespace {

constexpr std::string_view kDockerHub = "index.docker.io";

struct HostAndPath {
  std::string_view host, path;  // the path with its slash, "" for none
};

HostAndPath split(std::string_view name) {
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos) return {name, ""};
  return {name.substr(0, slash), name.substr(slash)};
}

// The key as names are looked up: without scheme, and without the version with which Docker writes its own.
std::string normalised(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  auto [host, path] = split(key);
  if (path.starts_with("/v1/") || path.starts_with("/v2/")) path.remove_prefix(3);
  if (path == "/") path = "";
  return std::string(host) + std::string(path);
}

bool host_matches(std::string_view pattern, std::string_view host) {
  const auto port_of = [](std::string_view& text) {
    const size_t colon = text.ends_with(']') ? std::string_view::npos : text.rfind(':');
    if (colon == std::string_view::npos) return std::string_view();
    const std::string_view port = text.substr(colon + 1);
    text = text.substr(0, colon);
    return port;
  };
  if (port_of(pattern) != port_of(host) || std::ranges::count(pattern, '.') != std::ranges::count(host, '.')) return false;
  while (true) {  // a wildcard stays within its part
    const size_t pattern_end = pattern.find('.'), host_end = host.find('.');
    if (fnmatch(std::string(pattern.substr(0, pattern_end)).c_str(), std::string(host.substr(0, host_end)).c_str(), 0) != 0) return false;
    if (pattern_end == std::string_view::npos) return true;
    pattern.remove_prefix(pattern_end + 1);
    host.remove_prefix(host_end + 1);
  }
}

Result<RegistryCredentials> read_entry(const std::string& key, const json::Value& value) {
  if (!value.is_object()) return fail(Reason::kInvalid, "docker config: the entry of \"" + key + "\" is not an object");
  RegistryCredentials credentials{.username = std::string(value.string_at("username")),
                                  .password = std::string(value.string_at("password"))};
  credentials.identity_token = value.string_at("identitytoken");
  const std::string_view auth = value.string_at("auth");
  if (auth.empty()) return credentials;
  std::string padded(auth);
  while (padded.size() % 4 != 0) padded += '=';
  const auto decoded = decode_base64(padded);
  const size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos)
    return fail(Reason::kInvalid, "docker config: \"auth\" of \"" + key + "\" is not a name and a password in base64");
  credentials.username = decoded->substr(0, colon);
  credentials.password = decoded->substr(colon + 1);
  return credentials;
}

Result<std::vector<DockerConfigEntry>> read_entries(const json::Value& hosts) {
  if (!hosts.is_object()) return fail(Reason::kInvalid, "docker config: the hosts are not an object");
  std::vector<DockerConfigEntry> entries;
  for (const auto& [key, value] : hosts.as_object()) {
    TRY(RegistryCredentials credentials, read_entry(key, value));
    entries.push_back({key, std::move(credentials)});
  }
  return entries;
}

// The parser's own words may hold a piece of the text, which is secret.
Result<json::Value> parse_secret(std::string_view text) {
  auto document = json::parse(text);
  if (!document) return fail(Reason::kInvalid, "docker config: it is not JSON");
  return document;
}

}  // namespace

std::string RegistryCredentials::hash() const {
  std::string text;
  for (const std::string* part : {&username, &password, &identity_token}) text += std::to_string(part->size()) + ":" + *part;
  return sha256_of(text);
}

Result<std::vector<DockerConfigEntry>> read_docker_config(std::string_view text) {
  TRY(const json::Value document, parse_secret(text));
  const json::Value* hosts = document.find("auths");
  if (hosts == nullptr) return std::vector<DockerConfigEntry>{};
  return read_entries(*hosts);
}

Result<std::vector<DockerConfigEntry>> read_docker_cfg(std::string_view text) {
  TRY(const json::Value document, parse_secret(text));
  return read_entries(document);
}

void DockerKeyring::add(std::vector<DockerConfigEntry> entries, const std::optional<SecretIdentity>& secret) {
  for (DockerConfigEntry& entry : entries) {
    entry.credentials.secret = secret;
    by_key_[normalised(entry.key)].push_back(std::move(entry.credentials));
  }
}

std::vector<RegistryCredentials> DockerKeyring::lookup(std::string_view registry, std::string_view repository) const {
  std::vector<RegistryCredentials> found;
  const std::string image_path = "/" + std::string(repository);
  for (const auto& [key, credentials] : by_key_) {
    const auto [host, path] = split(key);
    if (image_path.starts_with(path) && host_matches(host, registry)) found.insert(found.end(), credentials.begin(), credentials.end());
  }
  if (!found.empty() || registry != "docker.io") return found;
  const auto hub = by_key_.find(std::string(kDockerHub));
  return hub == by_key_.end() ? found : hub->second;
}

}  // namespace stint
