// What the operator says about registries: mirrors, plain HTTP, authorities and the node's own credentials. Read at start from the file of
// --registries, and only read after that; any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/json.h"
#include "image/docker_config.h"
#include "image/image_store.h"

namespace stint {

// One place to ask for an image's manifests and blobs.
struct RegistryEndpoint {
  std::string base;  // "https://registry-1.docker.io/v2/library/bash"
  bool plain_http = false;
  std::string ca_file;       // "": the machine's authorities
  bool skip_verify = false;  // of the certificate
  std::optional<RegistryCredentials> credentials;
};

class RegistrySettings {
 public:
  // Of a file in YAML or JSON (docs/stint-registries.md). kBadRequest with the field at fault.
  static Result<RegistrySettings> read(const std::string& path);
  static Result<RegistrySettings> parse(std::string_view text);

  // The node's own credentials for the image, in the order in which they are tried. Blocking: a credential helper may be asked.
  std::vector<RegistryCredentials> credentials(const std::string& registry, const std::string& repository) const;
  // The mirrors, then the registry itself; `credentials` are for the latter alone. Blocking.
  std::vector<RegistryEndpoint> endpoints(const ImageReference& reference, const std::optional<RegistryCredentials>& credentials) const;

 private:
  struct Host {
    std::vector<std::string> mirrors;  // "https://mirror.example.com/path"
    bool plain_http = false, skip_verify = false;
    std::string ca_file;
  };
  Result<void> take_host(const json::Value& entry, const std::string& field);
  Result<void> take_docker_config(const std::string& path);
  RegistryEndpoint endpoint(const std::string& host, bool plain_http) const;

  std::map<std::string, Host> hosts_;
  DockerKeyring keyring_;
  std::map<std::string, std::string> helpers_;  // host → docker-credential-…
  std::string helper_;                          // for the other hosts, "" none
};

// Of the file that the user named; "" says nothing about any registry.
Result<std::shared_ptr<const RegistrySettings>> read_registries(const std::string& path);

}  // namespace stint
