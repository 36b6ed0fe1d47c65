// Unpacking one image layer: a tar stream, plain or compressed, into a directory that overlayfs can use as a lower one. What a
// layer says is not trusted: nothing is written outside the directory, whatever names and links it holds. Blocking; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace stint {

// Past these a layer is refused, so that a small download cannot fill the disk or its inodes.
struct LayerLimits {
  int64_t bytes_max = int64_t{64} << 30;  // of the uncompressed tar, and of any one file though it be all holes
  int64_t entries_max = 4'000'000;
};

struct UnpackedLayer {
  std::string diff_id;  // digest of the uncompressed tar
  int64_t size_bytes = 0;
};

// `archive`: a file with the tar, gzip, zstd, … . `directory` exists and is empty. Whiteouts become overlayfs's: a character device 0/0,
// and the xattr trusted.overlay.opaque. Device nodes are left out: the runtime makes /dev.
Result<UnpackedLayer> unpack_layer(const std::string& archive, const std::string& directory, LayerLimits limits = {});

}  // namespace stint
