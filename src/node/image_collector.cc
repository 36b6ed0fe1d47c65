#include "node/image_collector.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace stint {
namespace {

int used_percent(const DiskRoom& disk) {
  const int64_t available = std::min(disk.available_bytes, disk.capacity_bytes);
  return 100 - static_cast<int>(static_cast<double>(available) * 100 / static_cast<double>(disk.capacity_bytes));
}

std::string size_text(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) size /= 1024, ++unit;
  char text[64];
  snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text;
}

// What events of the node are about: upstream's name it by its name alone.
corev1::Node node_named(const std::string& name) {
  corev1::Node node;
  node.mutable_metadata()->set_name(name);
  node.mutable_metadata()->set_uid(name);
  return node;
}

}  // namespace

void add_images_of(const corev1::PodSpec& spec, const ImageStore& store, std::set<std::string>& ids) {
  const auto add = [&](const std::string& name) {
    const auto reference = ImageReference::parse(name);
    const auto image = reference ? store.find(*reference) : std::nullopt;
    if (image) ids.insert(image->id);
  };
  for (const auto* containers : {&spec.initcontainers(), &spec.containers()})
    for (const auto& container : *containers) add(container.image());
  for (const auto& container : spec.ephemeralcontainers()) add(container.ephemeralcontainercommon().image());
  for (const auto& volume : spec.volumes())
    if (volume.volumesource().has_image()) add(volume.volumesource().image().reference());
}

Result<DiskRoom> disk_room(const std::string& path) {
  struct statvfs found{};
  if (statvfs(path.c_str(), &found) != 0) return fail(errno_error("look at the disk of " + path, errno));
  const auto block = static_cast<int64_t>(found.f_frsize);
  return DiskRoom{.capacity_bytes = block * static_cast<int64_t>(found.f_blocks),
                  .available_bytes = block * static_cast<int64_t>(found.f_bavail)};
}

Task<void> ImageCollector::run() {
  if (settings_.high_percent >= 100) co_return;
  while (true) {
    auto collected = co_await collect();
    const std::string trouble = collected ? "" : collected.error().message;
    if (!trouble.empty() && trouble != trouble_) recorder_.warning(node_named(node_), "ImageGCFailed", trouble);
    trouble_ = trouble;
    co_await sleep_for(loop_, settings_.period);
  }
}

void ImageCollector::note_images() {
  const WallTime now = loop_.now();
  const std::set<std::string> used = machine_.images_in_use();
  std::map<std::string, Record> next;
  for (const ImageInfo& image : store_.list()) {
    const auto known = records_.find(image.id);
    Record& record = next[image.id];
    record = known == records_.end() ? Record{.first_seen = now, .last_used = {}} : known->second;
    if (used.contains(image.id)) record.last_used = now;
  }
  records_ = std::move(next);
}

// In the order in which they go.
std::vector<ImageInfo> ImageCollector::removable() const {
  const WallTime now = loop_.now();
  std::vector<ImageInfo> images = store_.list();
  std::erase_if(images, [&](const ImageInfo& image) {
    const auto record = records_.find(image.id);
    return image.pinned || record == records_.end() || record->second.last_used >= now ||
           now - record->second.first_seen < settings_.age_min;
  });
  std::ranges::sort(images, {}, [&](const ImageInfo& image) {
    const Record& record = records_.at(image.id);
    return std::pair(record.last_used, record.first_seen);
  });
  return images;
}

Task<bool> ImageCollector::remove_unused() {
  note_images();
  bool removed = false;
  for (const ImageInfo& image : removable()) {
    if (machine_.images_in_use().contains(image.id)) continue;
    auto gone = co_await store_.remove(image.id);
    if (!gone) log_warning("unused image stays", "image", image.id, "error", gone.error().message);
    removed |= gone.has_value();
  }
  co_return removed;
}

Task<Result<void>> ImageCollector::collect() {
  note_images();
  CO_TRY(DiskRoom disk, co_await machine_.look_at_disk());
  if (disk.capacity_bytes <= 0) co_return fail(Reason::kInternalError, "invalid capacity 0 on image filesystem");
  const int used_at_first = used_percent(disk);
  if (used_at_first < settings_.high_percent) co_return Result<void>();
  const int64_t available_at_first = disk.available_bytes;
  // Layers that no image has: of pulls that did not get to their end.
  Result<void> trouble = co_await store_.sweep();
  CO_TRY(disk, co_await machine_.look_at_disk());
  for (const ImageInfo& image : removable()) {
    if (used_percent(disk) <= settings_.low_percent) break;
    if (machine_.images_in_use().contains(image.id)) continue;  // a pod may have come meanwhile
    log_info("removing an image to make room", "image", image.id, "used_percent", used_percent(disk));
    if (auto gone = co_await store_.remove(image.id); !gone) {
      log_warning("unused image stays", "image", image.id, "error", gone.error().message);
      trouble = std::move(gone);
    }
    CO_TRY(disk, co_await machine_.look_at_disk());  // what its layers share with others has not become free
  }
  if (!trouble || used_percent(disk) <= settings_.low_percent) co_return trouble;
  const std::string message = "Insufficient free disk space on the node's image filesystem (" + std::to_string(used_at_first) + "% of " +
                              size_text(disk.capacity_bytes) + " used). Failed to free sufficient space by deleting unused images (freed " +
                              std::to_string(std::max<int64_t>(disk.available_bytes - available_at_first, 0)) +
                              " bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.";
  recorder_.warning(node_named(node_), "FreeDiskSpaceFailed", message);
  co_return fail(Reason::kInternalError, message);
}

}  // namespace stint
