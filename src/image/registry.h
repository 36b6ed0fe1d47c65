// A registry as the distribution protocol speaks: manifests and blobs, by names and passwords or the tokens they are exchanged for. Mirrors
// are asked first, and the next place where one fails. Blocking, with a limit on every wait; one object a pull, any one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "image/image_store.h"
#include "image/registry_settings.h"
#include "image/transfer.h"

namespace stint {

struct Manifest {
  std::string media_type;
  std::string digest;  // of the bytes
  std::string bytes;
};

class ImageRegistry {
 public:
  static constexpr size_t kManifestBytesMax = 4 * 1024 * 1024;

  // A transfer ends with an error within about a second of a stop request.
  // `endpoints` holds one at least: the registry itself, last.
  ImageRegistry(ImageReference reference, std::vector<RegistryEndpoint> endpoints, std::stop_token stop = {}, Patience patience = {});
  // Without credentials.
  explicit ImageRegistry(ImageReference reference, std::stop_token stop = {}, Patience patience = {});
  ~ImageRegistry();

  // `tag_or_digest` of this reference's repository. Errors carry the registry's own words.
  Result<Manifest> manifest(const std::string& tag_or_digest);
  // Writes the blob to `path`, checked against its digest. `size_bytes` < 0: unknown.
  Result<void> blob(const std::string& digest, int64_t size_bytes, const std::string& path, std::function<void(int64_t)> progress);

 private:
  class Endpoint;
  ImageReference reference_;
  std::vector<Endpoint> endpoints_;
};

// True for localhost, 127.0.0.0/8 and [::1], with or without a port.
bool is_loopback_registry(std::string_view registry);

}  // namespace stint
