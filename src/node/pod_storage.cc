#include "node/pod_storage.h"

#include <fts.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "api/quantity.h"
#include "node/restart_policy.h"

namespace stint {
namespace {

constexpr int64_t kBlockBytes = 512;  // of st_blocks, whatever the file system's are
constexpr const char* kResource = "ephemeral-storage";

std::string size_limit(const corev1::Volume& volume) {
  const auto& source = volume.volumesource();
  return source.has_emptydir() && source.emptydir().has_sizelimit() ? source.emptydir().sizelimit().string() : "";
}

// "" none
std::string storage_limit(const corev1::Container& container) {
  const auto& limits = container.resources().limits();
  const auto found = limits.find(kResource);
  return found == limits.end() ? "" : found->second.string();
}

int64_t amount(const std::string& quantity) { return quantity_value(quantity).value_or(0); }

// Of the containers that have one; "" if none has.
std::string pod_limit(const corev1::PodSpec& spec) {
  const auto add = [](const std::string& a, const std::string& b) { return a.empty() || b.empty() ? a + b : add_quantities(a, b); };
  std::string sidecars, init_peak, sum;
  for (const auto& container : spec.initcontainers()) {
    const std::string step = add(sidecars, storage_limit(container));
    if (amount(step) > amount(init_peak)) init_peak = step;
    if (is_sidecar(container)) sidecars = step;
  }
  for (const auto& container : spec.containers()) sum = add(sum, storage_limit(container));
  sum = add(sum, sidecars);
  return amount(init_peak) > amount(sum) ? init_peak : sum;
}

// As du counts: a file with several names once, links never followed.
DiskUse use_of(std::string root) {
  char* const roots[] = {root.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS*)> walk(fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr), fts_close);
  DiskUse use;
  if (!walk) return use;
  std::set<std::pair<dev_t, ino_t>> linked;
  while (const FTSENT* entry = fts_read(walk.get())) {
    const bool counts = entry->fts_info == FTS_D || entry->fts_info == FTS_F || entry->fts_info == FTS_SL || entry->fts_info == FTS_DEFAULT;
    if (!counts) continue;
    const struct stat& info = *entry->fts_statp;
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1 && !linked.emplace(info.st_dev, info.st_ino).second) continue;
    use.bytes += info.st_blocks * kBlockBytes;
    ++use.inodes;
  }
  return use;
}

}  // namespace

bool has_storage_limits(const corev1::PodSpec& spec) {
  return std::ranges::any_of(spec.volumes(), [](const auto& volume) { return amount(size_limit(volume)) > 0; }) ||
         amount(pod_limit(spec)) > 0;
}

PodStorage measure_pod_storage(const corev1::PodSpec& spec, const PodPaths& paths, const std::map<std::string, std::string>& layers) {
  PodStorage storage;
  for (const auto* list : {&spec.initcontainers(), &spec.containers()}) {
    for (const auto& container : *list) {
      storage.logs[container.name()] = use_of(paths.container_log_dir(container.name()));
      if (const auto layer = layers.find(container.name()); layer != layers.end()) storage.layers[container.name()] = use_of(layer->second);
      storage.total += storage.of_container(container.name());
    }
  }
  for (const auto& volume : spec.volumes()) {
    if (!volume.volumesource().has_emptydir()) continue;
    const DiskUse use = use_of(paths.volume(volume.name()));
    storage.volumes[volume.name()] = use;
    if (volume.volumesource().emptydir().medium().empty()) storage.total += use;
  }
  return storage;
}

DiskUse PodStorage::of_container(const std::string& name) const {
  DiskUse use;
  for (const auto* parts : {&layers, &logs})
    if (const auto found = parts->find(name); found != parts->end()) use += found->second;
  return use;
}

std::optional<StorageExcess> exceeded_storage_limit(const corev1::PodSpec& spec, const PodStorage& storage) {
  const auto exceeds = [](const DiskUse& use, const std::string& limit) { return amount(limit) > 0 && use.bytes > amount(limit); };
  for (const auto& volume : spec.volumes()) {
    const std::string limit = size_limit(volume);
    const auto found = storage.volumes.find(volume.name());
    if (found != storage.volumes.end() && exceeds(found->second, limit))
      return StorageExcess{"emptydirfs.limit", "Usage of EmptyDir volume \"" + volume.name() + "\" exceeds the limit \"" + limit + "\". "};
  }
  if (const std::string limit = pod_limit(spec); exceeds(storage.total, limit))
    return StorageExcess{"ephemeralpodfs.limit", "Pod ephemeral local storage usage exceeds the total limit of containers " + limit + ". "};
  for (const auto& container : spec.containers()) {
    const std::string limit = storage_limit(container);
    if (exceeds(storage.of_container(container.name()), limit))
      return StorageExcess{"ephemeralcontainerfs.limit",
                           "Container " + container.name() + " exceeded its local ephemeral storage limit \"" + limit + "\". "};
  }
  return std::nullopt;
}

}  // namespace stint
