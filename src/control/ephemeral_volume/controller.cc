#include "control/ephemeral_volume/controller.h"

#include <algorithm>

#include "api/core/volume_match.h"

namespace stint::ephemeral_volume {
namespace {

using Claim = corev1::PersistentVolumeClaim;

constexpr WorkQueue::Options kQueueOptions{
    .workers = 2, .retry_base = std::chrono::milliseconds(100), .retry_max = std::chrono::seconds(10)};

bool has_ephemeral(const corev1::Pod& pod) {
  return std::ranges::any_of(pod.spec().volumes(), [](const corev1::Volume& volume) { return volume.volumesource().has_ephemeral(); });
}

Claim make_claim(const corev1::Pod& pod, const corev1::Volume& volume) {
  const auto& pattern = volume.volumesource().ephemeral().volumeclaimtemplate();
  Claim claim;
  auto& metadata = *claim.mutable_metadata();
  metadata.set_namespace_(pod.metadata().namespace_());
  metadata.set_name(core::claim_of(pod, volume));
  *metadata.mutable_annotations() = pattern.metadata().annotations();
  *metadata.mutable_labels() = pattern.metadata().labels();
  auto& owner = *metadata.add_ownerreferences();
  owner.set_apiversion("v1");
  owner.set_kind("Pod");
  owner.set_name(pod.metadata().name());
  owner.set_uid(pod.metadata().uid());
  owner.set_controller(true);
  owner.set_blockownerdeletion(true);
  *claim.mutable_spec() = pattern.spec();
  return claim;
}

}  // namespace

EphemeralVolumeController::EphemeralVolumeController(ControllerContext& context)
    : context_(context),
      recorder_(context.loop, context.client, "ephemeral_volume"),
      pods_(context.informers.of<corev1::Pod>()),
      claims_(context.informers.of<Claim>()),
      queue_(
          context.loop, "ephemeral_volume", kQueueOptions, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(context.loop) {
  pods_.add_handler([this](const Object& old, const Object& next) {
    if (!old && next && has_ephemeral(static_cast<const corev1::Pod&>(*next))) queue_.add(object_key(*next));
  });
  claims_.add_handler([this](const Object& old, const Object& next) {
    if (next) return;
    for (const auto& owner : meta(*old).ownerreferences())
      if (owner.kind() == "Pod" && owner.controller()) queue_.add(object_key(meta(*old).namespace_(), owner.name()));
  });
}

void EphemeralVolumeController::start() { scope_.spawn(run()); }

Task<void> EphemeralVolumeController::run() {
  co_await wait_synced({&pods_, &claims_});
  queue_.start();
}

Task<EphemeralVolumeController::Again> EphemeralVolumeController::sync(std::string key) {
  const size_t slash = key.find('/');
  const auto pod = as<corev1::Pod>(pods_.get(key.substr(0, slash), key.substr(slash + 1)));
  if (pod == nullptr || is_deleting(*pod)) co_return std::nullopt;
  for (const auto& volume : pod->spec().volumes()) {
    if (!volume.volumesource().has_ephemeral()) continue;
    auto made = co_await ensure(pod, volume);
    if (made) continue;
    recorder_.warning(*pod, "FailedBinding", "ephemeral volume " + volume.name() + ": " + made.error().message);
    co_return std::unexpected(std::move(made).error());
  }
  co_return std::nullopt;
}

Task<Result<void>> EphemeralVolumeController::ensure(std::shared_ptr<const corev1::Pod> pod, corev1::Volume volume) {
  Claim wanted = make_claim(*pod, volume);
  const auto there = as<Claim>(claims_.get(wanted.metadata().namespace_(), wanted.metadata().name()));
  if (there != nullptr) {
    const auto is_owner = [&](const auto& owner) { return owner.controller() && owner.uid() == pod->metadata().uid(); };
    if (std::ranges::any_of(there->metadata().ownerreferences(), is_owner)) co_return Result<void>();
    co_return fail(Reason::kConflict, "PVC " + object_key(*there) + " was not created for pod " + object_key(*pod) + " (pod is not owner)");
  }
  const std::string name = wanted.metadata().name();
  auto created = co_await create(context_.client, std::move(wanted));
  if (!created) co_return fail(created.error().reason, "create PVC " + name + ": " + created.error().message);
  co_return Result<void>();
}

}  // namespace stint::ephemeral_volume
