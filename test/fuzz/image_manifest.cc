// Manifests, indexes and configs of images: whatever a registry says, only sha256 digests come out.
#include "fuzz.h"
#include "image/manifest.h"

namespace stint::fuzz {
namespace {

void expect_digest(std::string_view digest) {
  expect(digest.size() == 71 && digest.starts_with("sha256:") && digest.find_first_not_of("0123456789abcdef", 7) == digest.npos, digest);
}

}  // namespace

void run(std::string_view input) {
  const Result<bool> index = is_index(input);
  const Result<std::string> picked = pick_platform(input);
  if (picked) {
    expect(index && *index, input);
    expect_digest(*picked);
  }
  if (const Result<ImageManifest> manifest = read_manifest(input)) {
    expect_digest(manifest->config.digest);
    for (const BlobReference& layer : manifest->layers) expect_digest(layer.digest);
  }
  if (const Result<ImageConfig> config = read_config(input)) {
    for (const std::string& diff_id : config->diff_ids) expect_digest(diff_id);
  }
}

}  // namespace stint::fuzz
