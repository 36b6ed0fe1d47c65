// What a registry or an archive says an image is made of, read from its JSON. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/image_store.h"

namespace stint {

struct BlobReference {
  std::string digest;
  int64_t size_bytes = -1;
};

struct ImageManifest {
  BlobReference config;
  std::vector<BlobReference> layers;  // lowest first
};

// True for an index or manifest list; then pick_platform() gives the manifest's digest for linux on this processor.
Result<bool> is_index(std::string_view manifest);
Result<std::string> pick_platform(std::string_view index);
Result<ImageManifest> read_manifest(std::string_view manifest);

struct ImageConfig {
  std::vector<std::string> diff_ids;  // of the layers, lowest first
  ImageInfo info;                     // entrypoint, command, env, working_dir, user, stop_signal filled
};
Result<ImageConfig> read_config(std::string_view config);

}  // namespace stint
