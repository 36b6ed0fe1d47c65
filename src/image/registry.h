// A registry as the distribution protocol speaks: manifests and blobs, with the token dance. Blocking, with a limit on every wait; one
// object a pull, any one thread at a time. HTTPS, but HTTP for a registry on loopback.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "image/image_store.h"
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
  explicit ImageRegistry(ImageReference reference, std::stop_token stop = {}, Patience patience = {});
  ~ImageRegistry();

  // `tag_or_digest` of this reference's repository. Errors carry the registry's own words.
  Result<Manifest> manifest(const std::string& tag_or_digest);
  // Writes the blob to `path`, checked against its digest. `size_bytes` < 0: unknown.
  Result<void> blob(const std::string& digest, int64_t size_bytes, const std::string& path, std::function<void(int64_t)> progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// True for localhost, 127.0.0.0/8 and [::1], with or without a port.
bool is_loopback_registry(std::string_view registry);

}  // namespace stint
