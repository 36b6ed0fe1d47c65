#include "node/size_limits.h"

#include <fts.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "api/quantity.h"

namespace stint {
namespace {

constexpr int64_t kBlockBytes = 512;  // of st_blocks, whatever the file system's are

int64_t limit_of(const corev1::Volume& volume) {
  const auto& source = volume.volumesource().emptydir();
  return source.has_sizelimit() ? quantity_value(source.sizelimit()).value_or(0) : 0;
}

// As du counts: a file with several names once, links never followed.
int64_t bytes_under(std::string root) {
  char* const roots[] = {root.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS*)> walk(fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr), fts_close);
  if (!walk) return 0;
  int64_t blocks = 0;
  std::set<std::pair<dev_t, ino_t>> linked;
  while (const FTSENT* entry = fts_read(walk.get())) {
    const bool counts = entry->fts_info == FTS_D || entry->fts_info == FTS_F || entry->fts_info == FTS_SL || entry->fts_info == FTS_DEFAULT;
    if (!counts) continue;
    const struct stat& info = *entry->fts_statp;
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1 && !linked.emplace(info.st_dev, info.st_ino).second) continue;
    blocks += info.st_blocks;
  }
  return blocks * kBlockBytes;
}

}  // namespace

bool has_size_limits(const corev1::PodSpec& spec) {
  return std::ranges::any_of(spec.volumes(), [](const corev1::Volume& volume) { return limit_of(volume) > 0; });
}

std::string exceeded_size_limit(const corev1::PodSpec& spec, const PodPaths& paths) {
  for (const auto& volume : spec.volumes()) {
    const int64_t limit = limit_of(volume);
    if (limit <= 0 || bytes_under(paths.volume(volume.name())) <= limit) continue;
    return "Usage of EmptyDir volume \"" + volume.name() + "\" exceeds the limit \"" +
           volume.volumesource().emptydir().sizelimit().string() + "\". ";
  }
  return "";
}

}  // namespace stint
