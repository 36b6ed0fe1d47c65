#include "image/registry_settings.h"

#include <algorithm>
#include <initializer_list>

#include "api/json.h"
#include "base/log.h"
#include "image/credential_helper.h"
#include "image/registry.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr char kDockerHubKey[] = "https://index.docker.io/v1/";  // under which Docker's own programs keep it

std::unexpected<Error> bad(const std::string& field, const std::string& why) { return fail(Reason::kBadRequest, field + ": " + why); }

Result<void> check_members(const json::Value& value, const std::string& field, std::initializer_list<std::string_view> known) {
  if (!value.is_object()) return bad(field.empty() ? "the file" : field, "must be an object");
  for (const auto& [name, member] : value.as_object()) {
    if (std::ranges::find(known, name) == known.end()) return bad((field.empty() ? "" : field + ".") + name, "unknown field");
  }
  return {};
}

Result<std::string> text_at(const json::Value& value, const std::string& field, std::string_view name) {
  const json::Value* member = value.find(name);
  if (member == nullptr || member->is_null()) return std::string();
  if (!member->is_string()) return bad(field + "." + std::string(name), "must be a string");
  return member->as_string();
}

Result<bool> flag_at(const json::Value& value, const std::string& field, std::string_view name) {
  const json::Value* member = value.find(name);
  if (member == nullptr || member->is_null()) return false;
  if (!member->is_bool()) return bad(field + "." + std::string(name), "must be true or false");
  return member->as_bool();
}

bool is_host(std::string_view text) {
  return !text.empty() && text.find('/') == std::string_view::npos && text.find_first_of(" \t\"'@") == std::string_view::npos;
}

struct Url {
  bool plain_http = false;
  std::string host, path;  // the path without a slash at its end
};
std::optional<Url> read_url(std::string_view text) {
  Url url;
  if (text.starts_with("http://")) {
    url.plain_http = true;
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else {
    return std::nullopt;
  }
  const size_t slash = text.find('/');
  url.host = text.substr(0, slash);
  if (slash != std::string_view::npos) url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (!is_host(url.host)) return std::nullopt;
  return url;
}

}  // namespace

Result<RegistrySettings> RegistrySettings::read(const std::string& path) {
  TRY(const std::string text, os::read_file(path, kFileBytesMax));
  auto settings = parse(text);
  if (!settings) return fail(Reason::kBadRequest, path + ": " + settings.error().message);
  return settings;
}

Result<RegistrySettings> RegistrySettings::parse(std::string_view text) {
  TRY(const json::Value document, json::parse_yaml(text));
  RegistrySettings settings;
  if (document.is_null()) return settings;
  TRY_VOID(check_members(document, "", {"registries", "dockerConfig"}));
  if (const json::Value* list = document.find("registries"); list != nullptr && !list->is_null()) {
    if (!list->is_array()) return bad("registries", "must be a list");
    for (size_t i = 0; i < list->as_array().size(); ++i)
      TRY_VOID(settings.take_host(list->as_array()[i], "registries[" + std::to_string(i) + "]"));
  }
  TRY(const std::string docker_config, text_at(document, "the file", "dockerConfig"));
  if (!docker_config.empty()) TRY_VOID(settings.take_docker_config(docker_config));
  return settings;
}

Result<void> RegistrySettings::take_host(const json::Value& entry, const std::string& field) {
  TRY_VOID(check_members(entry, field, {"host", "mirrors", "plainHTTP", "insecureSkipVerify", "caFile", "username", "password"}));
  TRY(std::string name, text_at(entry, field, "host"));
  if (!is_host(name)) return bad(field + ".host", "must be a host as images name it, such as registry.example.com:5000");
  if (name == "index.docker.io") name = "docker.io";
  if (hosts_.contains(name)) return bad(field + ".host", "\"" + name + "\" is there twice");
  Host host;
  TRY(host.plain_http, flag_at(entry, field, "plainHTTP"));
  TRY(host.skip_verify, flag_at(entry, field, "insecureSkipVerify"));
  TRY(host.ca_file, text_at(entry, field, "caFile"));
  if (!host.ca_file.empty()) {
    if (auto there = os::read_file(host.ca_file, kFileBytesMax); !there) return bad(field + ".caFile", there.error().message);
  }
  if (const json::Value* mirrors = entry.find("mirrors"); mirrors != nullptr && !mirrors->is_null()) {
    if (!mirrors->is_array()) return bad(field + ".mirrors", "must be a list");
    for (const json::Value& mirror : mirrors->as_array()) {
      if (!mirror.is_string() || !read_url(mirror.as_string()))
        return bad(field + ".mirrors", "each must be a URL such as https://mirror.example.com");
      host.mirrors.push_back(mirror.as_string());
    }
  }
  TRY(const std::string username, text_at(entry, field, "username"));
  TRY(const std::string password, text_at(entry, field, "password"));
  if (username.empty() != password.empty()) return bad(field, "username and password go together");
  if (!username.empty()) keyring_.add({{name, {.username = username, .password = password}}});
  hosts_.emplace(std::move(name), std::move(host));
  return {};
}

Result<void> RegistrySettings::take_docker_config(const std::string& path) {
  const auto refuse = [&](const std::string& why) { return bad("dockerConfig", path + ": " + why); };
  const auto text = os::read_file(path, kFileBytesMax);
  if (!text) return refuse(text.error().message);
  auto entries = read_docker_config(*text);
  if (!entries) return refuse(entries.error().message);
  // Where a helper keeps the credentials, an entry of the host stands there empty.
  std::erase_if(*entries, [](const DockerConfigEntry& entry) {
    return entry.credentials.username.empty() && entry.credentials.identity_token.empty();
  });
  keyring_.add(*std::move(entries));
  TRY(const json::Value document, json::parse(*text));
  helper_ = document.string_at("credsStore");
  if (const json::Value* helpers = document.find("credHelpers"); helpers != nullptr && helpers->is_object()) {
    for (const auto& [host, name] : helpers->as_object())
      if (name.is_string()) helpers_[host] = name.as_string();
  }
  return {};
}

Result<std::shared_ptr<const RegistrySettings>> read_registries(const std::string& path) {
  if (path.empty()) return std::make_shared<const RegistrySettings>();
  TRY(RegistrySettings settings, RegistrySettings::read(path));
  return std::make_shared<const RegistrySettings>(std::move(settings));
}

std::vector<RegistryCredentials> RegistrySettings::credentials(const std::string& registry, const std::string& repository) const {
  std::vector<RegistryCredentials> found = keyring_.lookup(registry, repository);
  const std::string key = registry == "docker.io" ? kDockerHubKey : registry;
  auto named = helpers_.find(key);
  if (named == helpers_.end()) named = helpers_.find(registry);
  const std::string& helper = named == helpers_.end() ? helper_ : named->second;
  if (helper.empty()) return found;
  auto answer = ask_credential_helper(helper, key);
  if (answer)
    found.push_back(*std::move(answer));
  else if (answer.error().reason != Reason::kNotFound)
    log_warning("no credentials from a helper", "registry", registry, "error", answer.error().message);
  return found;
}

RegistryEndpoint RegistrySettings::endpoint(const std::string& host, bool plain_http) const {
  const auto found = hosts_.find(host);
  RegistryEndpoint endpoint{.plain_http = plain_http};
  if (found != hosts_.end()) {
    endpoint.plain_http |= found->second.plain_http;
    endpoint.ca_file = found->second.ca_file;
    endpoint.skip_verify = found->second.skip_verify;
  }
  endpoint.base = (endpoint.plain_http ? "http://" : "https://") + (host == "docker.io" ? "registry-1.docker.io" : host);
  return endpoint;
}

std::vector<RegistryEndpoint> RegistrySettings::endpoints(const ImageReference& reference,
                                                          const std::optional<RegistryCredentials>& credentials) const {
  std::vector<RegistryEndpoint> endpoints;
  const auto found = hosts_.find(reference.registry);
  if (found != hosts_.end()) {
    for (const std::string& mirror : found->second.mirrors) {
      const Url url = read_url(mirror).value();
      RegistryEndpoint there = endpoint(url.host, url.plain_http);
      there.base += url.path + "/v2/" + reference.repository;
      const auto own = this->credentials(url.host, reference.repository);
      if (!own.empty()) there.credentials = own.front();
      endpoints.push_back(std::move(there));
    }
  }
  // HTTP for a registry on loopback, unless something is said of its certificate.
  const bool has_tls = found != hosts_.end() && (!found->second.ca_file.empty() || found->second.skip_verify);
  RegistryEndpoint itself = endpoint(reference.registry, is_loopback_registry(reference.registry) && !has_tls);
  itself.base += "/v2/" + reference.repository;
  itself.credentials = credentials;
  endpoints.push_back(std::move(itself));
  return endpoints;
}

}  // namespace stint
