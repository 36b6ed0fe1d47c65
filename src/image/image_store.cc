#include <algorithm>
#include <set>
#include <stop_token>
#include <utility>

#include "base/log.h"
#include "base/slots.h"
#include "image/archive.h"
#include "image/image_folder.h"
#include "image/registry.h"
#include "os/file.h"

namespace stint {
namespace {

// What a pull needs to know before the layers come.
struct Resolved {
  ImageManifest manifest;
  std::string digest;  // of the manifest for this platform or of the index: what the reference resolved to
  std::string config;
  std::optional<RegistryCredentials> credentials;  // by which it could be had
  std::vector<RegistryEndpoint> endpoints;         // and where
};

using Registries = std::shared_ptr<const RegistrySettings>;

constexpr size_t kConfigBytesMax = 4 * 1024 * 1024;
// Each holds a thread of the pool for as long as a registry takes, so they must leave some: containers start and end meanwhile.
constexpr int kResolutionsAtOnce = 2;
constexpr int kDownloadsAtOnce = 3;

// Blocking.
Result<Resolved> resolve_by(const ImageFolder& folder, const ImageReference& reference, std::vector<RegistryEndpoint> endpoints,
                            std::stop_token stop) {
  ImageRegistry registry(reference, std::move(endpoints), std::move(stop));
  TRY(Manifest manifest, registry.manifest(reference.digest.empty() ? reference.tag : reference.digest));
  Resolved resolved{.digest = manifest.digest};
  TRY(const bool index, is_index(manifest.bytes));
  if (index) {
    TRY(const std::string digest, pick_platform(manifest.bytes));
    TRY(manifest, registry.manifest(digest));
  }
  TRY(resolved.manifest, read_manifest(manifest.bytes));
  TRY(const std::string work, folder.make_work_dir());
  auto fetched = registry.blob(resolved.manifest.config.digest, resolved.manifest.config.size_bytes, work + "/config", nullptr);
  auto config = fetched ? os::read_file(work + "/config", kConfigBytesMax) : Result<std::string>(std::unexpected(fetched.error()));
  TRY_VOID(os::remove_tree(work));
  if (!config) return fail(config.error());
  resolved.config = std::move(*config);
  return resolved;
}

// By the first credentials that open the registry: those of who asks, the node's own, and none if there are no others. Blocking.
Result<Resolved> resolve(const ImageFolder& folder, const RegistrySettings& registries, const ImageReference& reference,
                         std::vector<RegistryCredentials> credentials, const std::stop_token& stop) {
  std::vector<std::optional<RegistryCredentials>> tries(credentials.begin(), credentials.end());
  for (auto& own : registries.credentials(reference.registry, reference.repository)) tries.emplace_back(std::move(own));
  if (tries.empty()) tries.emplace_back();
  std::vector<Error> errors;
  std::vector<RegistryEndpoint> endpoints = registries.endpoints(reference, std::nullopt);
  for (const auto& each : tries) {
    endpoints.back().credentials = each;  // the registry's own place; mirrors have theirs
    auto resolved = resolve_by(folder, reference, endpoints, stop);
    if (resolved) {
      resolved->credentials = each;
      resolved->endpoints = std::move(endpoints);
      return resolved;
    }
    if (std::ranges::none_of(errors, [&](const Error& error) { return error.message == resolved.error().message; }))
      errors.push_back(std::move(resolved).error());
  }
  if (errors.size() == 1) return fail(errors.front());
  std::string all;
  for (const Error& error : errors) all += (all.empty() ? "[" : ", ") + error.message;
  return fail(errors.back().reason, all + "]");
}

// Blocking.
Result<void> fetch_layer(const ImageFolder& folder, const ImageReference& reference, std::vector<RegistryEndpoint> endpoints,
                         const BlobReference& blob, const std::string& diff_id, std::stop_token stop) {
  if (folder.has_layer(diff_id)) return {};
  TRY(const std::string work, folder.make_work_dir());
  ImageRegistry registry(reference, std::move(endpoints), std::move(stop));
  auto done = registry.blob(blob.digest, blob.size_bytes, work + "/blob", nullptr);
  if (done) {
    if (auto added = folder.add_layer(work + "/blob", diff_id); !added) done = fail(added.error());
  }
  TRY_VOID(os::remove_tree(work));
  return done;
}

// Under each of its names: no pull brought it.
void open_to_everyone(ImageInfo& image) {
  for (const std::string& name : image.references) {
    if (const auto reference = ImageReference::parse(name)) image.access[reference->name()].everyone = true;
  }
}

class DiskImageStore final : public ImageStore {
 public:
  DiskImageStore(Loop& loop, ImageFolder folder, Registries registries)
      : loop_(loop),
        folder_(std::move(folder)),
        registries_(std::move(registries)),
        resolutions_(loop, kResolutionsAtOnce),
        downloads_at_once_(loop, kDownloadsAtOnce),
        writes_(loop, 1),
        scope_(loop) {}
  ~DiskImageStore() override { stop_.request_stop(); }

  Result<void> reload() {
    version_ = folder_.version();
    TRY(images_, folder_.load());
    return {};
  }

  std::optional<ImageInfo> find(const ImageReference& reference) const override {
    refresh();
    const std::string name = reference.to_string();
    const std::string by_digest = reference.registry + "/" + reference.repository + "@" + reference.digest;
    for (const auto& [id, record] : images_) {
      const auto& names = record.info.references;
      if (std::ranges::find(names, name) != names.end()) return record.info;
      if (!reference.digest.empty() && std::ranges::find(names, by_digest) != names.end()) return record.info;
    }
    return std::nullopt;
  }

  std::optional<ImageInfo> find_id(std::string_view image_id) const override {
    refresh();
    const auto found = images_.find(std::string(image_id));
    return found == images_.end() ? std::nullopt : std::optional(found->second.info);
  }

  std::vector<ImageInfo> list() const override {
    refresh();
    std::vector<ImageInfo> infos;
    for (const auto& [id, record] : images_) {
      infos.push_back(record.info);
      infos.back().pinned = std::ranges::any_of(record.info.references, [&](const auto& name) { return local_names_.contains(name); });
    }
    return infos;
  }

  Task<Result<ImageInfo>> pull(ImageReference reference, PullRequest request) override {
    if (local_names_.contains(reference.to_string())) {
      if (auto local = find(reference)) co_return *std::move(local);
    }
    CO_TRY(Resolved resolved, co_await resolve_in_turn(reference, std::move(request.credentials)));
    CO_TRY(const ImageConfig config, read_config(resolved.config));
    if (config.diff_ids.size() != resolved.manifest.layers.size()) {
      co_return fail(Reason::kInvalid, "malformed image: " + reference.to_string() + " has as many diff ids as layers, or should have");
    }
    auto total = std::make_shared<PullProgress>();
    for (const auto& layer : resolved.manifest.layers) total->bytes_total += std::max<int64_t>(layer.size_bytes, 0);
    CO_TRY(const LayerClaim claim, co_await on_pool(loop_, [folder = folder_, ids = config.diff_ids] { return folder.claim_layers(ids); }));
    const Wanted wanted{.reference = reference, .endpoints = resolved.endpoints};
    std::vector<Result<void>> results(config.diff_ids.size());
    std::vector<Task<void>> tasks;
    for (size_t i = 0; i < results.size(); ++i) {
      tasks.push_back(want_layer(wanted, resolved.manifest.layers[i], config.diff_ids[i], total, request.progress, &results[i]));
    }
    co_await when_all(loop_, std::move(tasks));
    for (auto& result : results) CO_TRY_VOID(std::move(result));
    std::vector<std::string> references{reference.registry + "/" + reference.repository + "@" + resolved.digest};
    if (!reference.tag.empty())
      references.push_back(ImageReference{reference.registry, reference.repository, reference.tag, ""}.to_string());
    CO_TRY(ImageRecord record,
           co_await on_pool(loop_, [folder = folder_, config_text = resolved.config, references, size = total->bytes_total] {
             return folder.make_record(config_text, references, size);
           }));
    record.info.access[reference.name()].add(resolved.credentials);
    co_return co_await keep(std::move(record));
  }

  Task<Result<std::vector<ImageInfo>>> import_file(std::string path) override {
    CO_TRY(std::vector<ImageRecord> records, co_await on_pool(loop_, [folder = folder_, path] { return import_archive(folder, path); }));
    std::vector<ImageInfo> infos;
    for (auto& record : records) {
      open_to_everyone(record.info);
      auto kept = co_await keep(std::move(record));
      if (!kept) co_return std::unexpected(kept.error());
      infos.push_back(std::move(*kept));
    }
    co_return infos;
  }

  void answer_pulls_locally(const std::vector<std::string>& references) override {
    local_names_.insert(references.begin(), references.end());
  }

  Task<Result<void>> sweep() override {
    co_return co_await on_pool(loop_, [folder = folder_] { return folder.sweep_layers(); });
  }

  // An id removes the image; a name removes only the name while the image has others.
  Task<Result<void>> remove(std::string reference_or_id) override {
    std::optional<Slots::Held> turn(co_await writes_.take());
    refresh();
    auto found = images_.find(reference_or_id.starts_with("sha256:") ? reference_or_id : "sha256:" + reference_or_id);
    std::string name;
    if (found == images_.end()) {
      CO_TRY(const ImageReference reference, ImageReference::parse(reference_or_id));
      name = reference.to_string();
      found = std::ranges::find_if(images_, [&](const auto& image) { return std::ranges::count(image.second.info.references, name) > 0; });
    }
    if (found == images_.end()) co_return fail(Reason::kNotFound, "no such image: " + reference_or_id);
    ImageRecord record = found->second;
    std::erase(record.info.references, name);
    // A digest reference does not keep an image: it came with the name.
    const bool named =
        std::ranges::any_of(record.info.references, [](const std::string& other) { return other.find('@') == std::string::npos; });
    if (!name.empty() && named) {
      co_return co_await write([folder = folder_, record] { return folder.save(record); });
    }
    images_.erase(found);  // nobody is to begin with it
    CO_TRY_VOID(co_await write([folder = folder_, id = record.info.id] { return folder.erase(id); }));
    turn.reset();
    co_return co_await sweep();
  }

 private:
  // Another process, `stint image pull`, may have changed the folder.
  void refresh() const {
    auto* self = const_cast<DiskImageStore*>(this);
    if (folder_.version() == version_) return;
    if (auto loaded = self->reload(); !loaded) log_warning("images cannot be read", "error", loaded.error().message);
  }

  // One image has a name at a time; the newest takes it from the one before.
  Task<Result<ImageInfo>> keep(ImageRecord record) {
    const auto claim = std::exchange(record.claim, nullptr);
    const Slots::Held turn = co_await writes_.take();
    refresh();
    std::vector<ImageRecord> changed;
    for (auto [id, other] : images_) {
      if (id == record.info.id) continue;
      const size_t removed = std::erase_if(other.info.references,
                                           [&](const std::string& name) { return std::ranges::count(record.info.references, name) > 0; });
      if (removed > 0) changed.push_back(other);
    }
    if (const auto same = images_.find(record.info.id); same != images_.end()) {
      for (const auto& name : same->second.info.references) {
        if (std::ranges::count(record.info.references, name) == 0) record.info.references.push_back(name);
      }
      if (same->second.info.access.empty()) open_to_everyone(same->second.info);
      for (const auto& [name, access] : same->second.info.access) record.info.access[name].merge(access);
    }
    changed.push_back(record);
    auto work = [folder = folder_, changed]() -> Result<void> {
      for (const auto& each : changed) TRY_VOID(folder.save(each));
      return {};
    };
    CO_TRY_VOID(co_await write(std::move(work)));
    co_return record.info;
  }

  // Changes the folder, in one's turn, and reads it again: somebody may have read it in the middle.
  Task<Result<void>> write(std::function<Result<void>()> change) {
    auto changed = co_await on_pool(loop_, std::move(change));
    if (auto loaded = reload(); !loaded) {
      log_warning("images cannot be read", "error", loaded.error().message);
      if (changed) changed = std::move(loaded);
    }
    co_return changed;
  }

  Task<Result<Resolved>> resolve_in_turn(ImageReference reference, std::vector<RegistryCredentials> credentials) {
    const Slots::Held turn = co_await resolutions_.take();
    co_return co_await on_pool(loop_, [folder = folder_, registries = registries_, reference, credentials, stop = stop_.get_token()] {
      return resolve(folder, *registries, reference, credentials, stop);
    });
  }

  // Of which image a layer is wanted, and where it is had.
  struct Wanted {
    ImageReference reference;
    std::vector<RegistryEndpoint> endpoints;
  };
  struct Download {
    explicit Download(Loop& loop) : done(loop) {}
    Event done;
    std::optional<Result<void>> result;
  };

  // One download a layer, however many pulls want it; it goes on when the one that began it is cancelled.
  Task<void> want_layer(Wanted wanted, BlobReference blob, std::string diff_id, std::shared_ptr<PullProgress> total,
                        std::function<void(PullProgress)> progress, Result<void>* result) {
    for (bool own = false; !own;) {
      std::shared_ptr<Download>& slot = downloads_[diff_id];
      if (slot == nullptr) {
        own = true;
        slot = std::make_shared<Download>(loop_);
        scope_.spawn(download(slot, wanted, blob, diff_id));
      }
      const std::shared_ptr<Download> shared = slot;
      co_await shared->done.wait();
      *result = *shared->result;
      if (*result) break;  // else what another could not get, from its registry and by its credentials, is tried by ours
    }
    total->bytes_done += std::max<int64_t>(blob.size_bytes, 0);
    if (progress) progress(*total);
  }

  Task<void> download(std::shared_ptr<Download> slot, Wanted wanted, BlobReference blob, std::string diff_id) {
    const Slots::Held turn = co_await downloads_at_once_.take();
    auto fetched = co_await on_pool(loop_, [folder = folder_, wanted, blob, diff_id, stop = stop_.get_token()] {
      return fetch_layer(folder, wanted.reference, wanted.endpoints, blob, diff_id, stop);
    });
    slot->result = std::move(fetched);
    downloads_.erase(diff_id);
    slot->done.set();
  }

  Loop& loop_;
  ImageFolder folder_;
  Registries registries_;
  std::map<std::string, ImageRecord> images_;
  std::set<std::string> local_names_;  // pulls of them are answered from disk
  int64_t version_ = 0;
  std::map<std::string, std::shared_ptr<Download>> downloads_;
  Slots resolutions_, downloads_at_once_;
  Slots writes_;  // one at a time: each begins with what the one before left
  std::stop_source stop_;  // of transfers: nobody waits for a silent registry when the store goes
  Scope scope_;
};

}  // namespace

Result<std::unique_ptr<ImageStore>> open_image_store(Loop& loop, std::string dir, std::shared_ptr<const RegistrySettings> registries) {
  TRY(ImageFolder folder, ImageFolder::open(std::move(dir)));
  if (registries == nullptr) registries = std::make_shared<const RegistrySettings>();
  auto store = std::make_unique<DiskImageStore>(loop, std::move(folder), std::move(registries));
  TRY_VOID(store->reload());
  return store;
}

}  // namespace stint
