#include "control/storage_protection/controller.h"

#include <algorithm>

namespace stint::storage_protection {
namespace {

using Claim = corev1::PersistentVolumeClaim;
using Volume = corev1::PersistentVolume;

constexpr std::string_view kClaimFinalizer = "kubernetes.io/pvc-protection";
constexpr std::string_view kVolumeFinalizer = "kubernetes.io/pv-protection";
constexpr WorkQueue::Options kQueueOptions{
    .workers = 2, .retry_base = std::chrono::milliseconds(100), .retry_max = std::chrono::seconds(10)};

// Claims that are made with a pod have the names of both.
std::vector<std::string> claims_of(const corev1::Pod& pod) {
  std::vector<std::string> names;
  for (const corev1::Volume& volume : pod.spec().volumes()) {
    const corev1::VolumeSource& source = volume.volumesource();
    if (source.has_persistentvolumeclaim()) names.push_back(source.persistentvolumeclaim().claimname());
    if (source.has_ephemeral()) names.push_back(pod.metadata().name() + "-" + volume.name());
  }
  return names;
}

bool waits_for(const Message& object, std::string_view finalizer) { return is_deleting(object) && has_finalizer(object, finalizer); }

template <class T>
Task<Result<std::optional<Duration>>> release(Client& client, T object, std::string_view finalizer) {
  remove_finalizer(object, finalizer);
  auto updated = co_await update(client, std::move(object));
  if (!updated && updated.error().reason != Reason::kNotFound) co_return std::unexpected(updated.error());
  co_return std::nullopt;
}

}  // namespace

StorageProtectionController::StorageProtectionController(ControllerContext& context)
    : context_(context),
      claims_(context.informers.of<Claim>()),
      volumes_(context.informers.of<Volume>()),
      pods_(context.informers.of<corev1::Pod>()),
      claim_queue_(
          context.loop, "pvc-protection", kQueueOptions, [this](std::string key) { return sync_claim(std::move(key)); }, &context.metrics),
      volume_queue_(
          context.loop, "pv-protection", kQueueOptions, [this](std::string name) { return sync_volume(std::move(name)); },
          &context.metrics),
      scope_(context.loop) {
  claims_.add_handler([this](const Object&, const Object& next) {
    if (next != nullptr && waits_for(*next, kClaimFinalizer)) claim_queue_.add(object_key(*next));
  });
  volumes_.add_handler([this](const Object&, const Object& next) {
    if (next != nullptr && waits_for(*next, kVolumeFinalizer)) volume_queue_.add(meta(*next).name());
  });
  pods_.add_handler([this](const Object& old, const Object& next) {
    if (old != nullptr && next == nullptr) observe_pod(static_cast<const corev1::Pod&>(*old));
  });
}

void StorageProtectionController::start() { scope_.spawn(run()); }

Task<void> StorageProtectionController::run() {
  co_await wait_synced({&claims_, &volumes_, &pods_});
  claim_queue_.start();
  volume_queue_.start();
}

void StorageProtectionController::observe_pod(const corev1::Pod& pod) {
  for (const std::string& name : claims_of(pod)) claim_queue_.add(object_key(pod.metadata().namespace_(), name));
}

// A pod without a node cannot start any more with a claim that is going.
bool StorageProtectionController::is_used(const std::string& ns, const std::string& claim) const {
  return std::ranges::any_of(pods_.list(ns), [&](const Object& object) {
    const auto& pod = static_cast<const corev1::Pod&>(*object);
    const std::vector<std::string> names = claims_of(pod);
    return !pod.spec().nodename().empty() && std::ranges::find(names, claim) != names.end();
  });
}

Task<StorageProtectionController::Again> StorageProtectionController::sync_claim(std::string key) {
  const size_t slash = key.find('/');
  const Object found = claims_.get(key.substr(0, slash), key.substr(slash + 1));
  if (found == nullptr || !waits_for(*found, kClaimFinalizer)) co_return std::nullopt;
  if (is_used(meta(*found).namespace_(), meta(*found).name())) co_return std::nullopt;
  co_return co_await release(context_.client, static_cast<const Claim&>(*found), kClaimFinalizer);
}

Task<StorageProtectionController::Again> StorageProtectionController::sync_volume(std::string name) {
  const Object found = volumes_.get("", name);
  if (found == nullptr || !waits_for(*found, kVolumeFinalizer)) co_return std::nullopt;
  const auto& volume = static_cast<const Volume&>(*found);
  if (volume.status().phase() == "Bound") co_return std::nullopt;
  co_return co_await release(context_.client, volume, kVolumeFinalizer);
}

}  // namespace stint::storage_protection
