// Credentials for registries as Docker's configuration keeps them, and which of them an image may be pulled with. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/image_store.h"

namespace stint {

// What Docker's configuration says of one host, or of a part of it.
struct DockerConfigEntry {
  std::string key;  // "registry.example.com", "https://index.docker.io/v1/", "*.example.com/team"
  RegistryCredentials credentials;
};

// `{"auths": {…}}`, the content of .docker/config.json and of Secrets of the type kubernetes.io/dockerconfigjson.
Result<std::vector<DockerConfigEntry>> read_docker_config(std::string_view text);
// The same without "auths": .dockercfg, and Secrets of the type kubernetes.io/dockercfg.
Result<std::vector<DockerConfigEntry>> read_docker_cfg(std::string_view text);

// Finds credentials by an image's name. A key is a host, whose parts may hold wildcards, and a port if the image names one, and may go on
// with the beginning of the repository's path. Source: upstream's pkg/credentialprovider.
class DockerKeyring {
 public:
  void add(std::vector<DockerConfigEntry> entries, const std::optional<SecretIdentity>& secret = std::nullopt);
  // In the order in which they are tried: longer paths of a host before the host.
  std::vector<RegistryCredentials> lookup(std::string_view registry, std::string_view repository) const;

 private:
  std::map<std::string, std::vector<RegistryCredentials>, std::greater<>> by_key_;  // "host/path", without scheme
};

}  // namespace stint
