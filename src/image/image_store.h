// Images on disk: pulled from registries or imported from docker-archive and OCI-layout files, unpacked once a layer, by digest.
// Loop thread only; blocking work goes to the pool inside. A pull interrupted at any point leaves nothing broken.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/result.h"

namespace stint {

// "bash" → docker.io/library/bash:latest, as Docker normalises it.
struct ImageReference {
  std::string registry;    // "docker.io", "127.0.0.1:5000"
  std::string repository;  // "library/bash"
  std::string tag;         // "latest"; "" with a digest
  std::string digest;      // "sha256:…" or ""
  std::string to_string() const;
  std::string name() const { return registry + "/" + repository; }
  static Result<ImageReference> parse(std::string_view text);  // kInvalid: `couldn't parse image name "…": …`
};

// A Secret of the API.
struct SecretIdentity {
  std::string ns, name, uid;
  bool operator==(const SecretIdentity&) const = default;
};

// For one registry; either name and password, or a token that is exchanged for others.
struct RegistryCredentials {
  std::string username, password, identity_token;
  std::optional<SecretIdentity> secret;  // where they come from; nothing: they are the node's
  std::string hash() const;              // of what they say, not of where they come from
};

// Who may use an image under one name without asking its registry again. Source: upstream's ImagePulledRecord.
struct ImageAccess {
  struct Secret {
    SecretIdentity identity;
    std::string hash;
    bool operator==(const Secret&) const = default;
  };
  static constexpr size_t kSecretsMax = 100;  // the oldest are forgotten
  bool everyone = false;                      // it came without credentials, or by the node's
  std::vector<Secret> secrets;                // by which it came
  void add(const std::optional<RegistryCredentials>& credentials);
  void merge(const ImageAccess& other);
};

struct ImageInfo {
  std::string id;                       // "sha256:…" of the config
  std::vector<std::string> references;  // normalised names and digests that point to it
  std::vector<std::string> layer_dirs;  // unpacked, lowest first: overlayfs lower directories
  int64_t size_bytes = 0;
  bool pinned = false;  // stays though no container uses it
  // of the config
  std::vector<std::string> entrypoint, command, env;
  std::string working_dir, user, stop_signal;
  // By name without tag and digest; without any, no pull of ours brought the image, and everyone may use it.
  std::map<std::string, ImageAccess> access;
  // Whether who has these credentials may use the image by this reference.
  bool is_accessible(const ImageReference& reference, const std::vector<RegistryCredentials>& credentials) const;
};

struct PullProgress {
  int64_t bytes_done = 0, bytes_total = 0;
};

struct PullRequest {
  std::vector<RegistryCredentials> credentials;  // of who asks, tried in order; the node's own are tried after them
  std::function<void(PullProgress)> progress;
};

class RegistrySettings;

class ImageStore {
 public:
  virtual ~ImageStore() = default;
  virtual std::optional<ImageInfo> find(const ImageReference& reference) const = 0;  // by name or digest
  virtual std::optional<ImageInfo> find_id(std::string_view image_id) const = 0;
  virtual std::vector<ImageInfo> list() const = 0;
  // Asks the registry even if the name is known (policy is the caller's). One download a layer however many ask at once. Errors keep the
  // registry's words.
  virtual Task<Result<ImageInfo>> pull(ImageReference reference, PullRequest request) = 0;
  virtual Task<Result<std::vector<ImageInfo>>> import_file(std::string path) = 0;  // docker-archive or OCI-layout, .tar or a directory
  // From now on a pull of these normalised names is answered with what is on disk: a directory of image files takes their registry's place
  // (air gap). Their images are pinned.
  virtual void answer_pulls_locally(const std::vector<std::string>& references) = 0;
  virtual Task<Result<void>> remove(std::string reference_or_id) = 0;
  // Removes what interrupted pulls left: layers that no image has, no mount uses and no pull is about to use.
  virtual Task<Result<void>> sweep() = 0;
};

// `dir` is the store's own folder.
Result<std::unique_ptr<ImageStore>> open_image_store(Loop& loop, std::string dir,
                                                     std::shared_ptr<const RegistrySettings> registries = nullptr);

}  // namespace stint
