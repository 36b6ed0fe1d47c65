#include "control/volume_binding/controller.h"

#include <algorithm>

namespace stint::volume_binding {
namespace {

using Claim = corev1::PersistentVolumeClaim;
using Volume = corev1::PersistentVolume;

constexpr std::string_view kPodsByClaim = "claims";
constexpr WorkQueue::Options kQueueOptions{
    .workers = 2, .retry_base = std::chrono::milliseconds(100), .retry_max = std::chrono::seconds(10)};

std::vector<std::string> claims_of(const Message& object) {
  const auto& pod = static_cast<const corev1::Pod&>(object);
  std::vector<std::string> keys;
  for (const auto& volume : pod.spec().volumes()) {
    if (const std::string name = core::claim_of(pod, volume); !name.empty()) keys.push_back(object_key(pod.metadata().namespace_(), name));
  }
  return keys;
}

}  // namespace

VolumeBindingController::VolumeBindingController(ControllerContext& context)
    : context_(context),
      recorder_(context.loop, context.client, "persistentvolume-controller"),
      claims_(context.informers.of<Claim>()),
      volumes_(context.informers.of<Volume>()),
      classes_(context.informers.of<storagev1::StorageClass>()),
      pods_(context.informers.of<corev1::Pod>()),
      claim_queue_(
          context.loop, "claims", kQueueOptions, [this](std::string key) { return sync_claim(std::move(key)); }, &context.metrics),
      volume_queue_(
          context.loop, "volumes", kQueueOptions, [this](std::string name) { return sync_volume(std::move(name)); }, &context.metrics),
      scope_(context.loop) {
  pods_.add_index(std::string(kPodsByClaim), claims_of);
  claims_.add_handler([this](const Object& old, const Object& next) {
    const auto& claim = static_cast<const Claim&>(next ? *next : *old);
    if (!claim.spec().volumename().empty()) volume_queue_.add(claim.spec().volumename());
    if (next)
      claim_queue_.add(object_key(claim));
    else
      told_.erase(claim.metadata().uid());
  });
  volumes_.add_handler([this](const Object& old, const Object& next) {
    const auto& volume = static_cast<const Volume&>(next ? *next : *old);
    if (next)
      volume_queue_.add(volume.metadata().name());
    else
      told_.erase(volume.metadata().uid());
    if (volume.spec().has_claimref())
      claim_queue_.add(object_key(volume.spec().claimref().namespace_(), volume.spec().claimref().name()));
    else if (next)
      look_at_unbound_claims();
  });
  classes_.add_handler([this](const Object&, const Object& next) {
    if (next) look_at_unbound_claims();
  });
  pods_.add_handler([this](const Object& old, const Object& next) {
    if (old && next) return;
    for (const std::string& key : claims_of(next ? *next : *old)) {
      const Object claim = claims_.get(key.substr(0, key.find('/')), key.substr(key.find('/') + 1));
      if (claim && !core::is_bound(static_cast<const Claim&>(*claim))) claim_queue_.add(key);
    }
  });
}

void VolumeBindingController::start() { scope_.spawn(run()); }

Task<void> VolumeBindingController::run() {
  co_await wait_synced({&claims_, &volumes_, &classes_, &pods_});
  claim_queue_.start();
  volume_queue_.start();
}

void VolumeBindingController::look_at_unbound_claims() {
  for (const Object& object : claims_.list())
    if (!core::is_bound(static_cast<const Claim&>(*object))) claim_queue_.add(object_key(*object));
}

std::string VolumeBindingController::pod_of(const Claim& claim) const {
  for (const Object& object : pods_.by_index(kPodsByClaim, object_key(claim))) {
    if (static_cast<const corev1::Pod&>(*object).spec().nodename().empty() && !is_deleting(*object)) return meta(*object).name();
  }
  return "";
}

void VolumeBindingController::tell(const Message& about, const std::string& uid, const Notice& notice) {
  Notice& last = told_[uid];
  if (last == notice) return;
  last = notice;
  if (notice.reason.empty()) return;
  if (notice.warning)
    recorder_.warning(about, notice.reason, notice.message);
  else
    recorder_.normal(about, notice.reason, notice.message);
}

Task<VolumeBindingController::Again> VolumeBindingController::sync_claim(std::string key) {
  const size_t slash = key.find('/');
  const auto claim = as<Claim>(claims_.get(key.substr(0, slash), key.substr(slash + 1)));
  if (claim == nullptr) co_return std::nullopt;
  const std::vector<Object> objects = volumes_.list();
  core::Volumes volumes;
  for (const Object& object : objects) volumes.push_back(static_cast<const Volume*>(object.get()));
  const Object named = claim->spec().volumename().empty() ? nullptr : volumes_.get("", claim->spec().volumename());
  const Object storage_class = classes_.get("", core::class_of(*claim));
  const ClaimPlan plan = plan_claim({.claim = *claim,
                                     .named = static_cast<const Volume*>(named.get()),
                                     .volumes = volumes,
                                     .storage_class = static_cast<const storagev1::StorageClass*>(storage_class.get()),
                                     .pod = pod_of(*claim)});
  tell(*claim, claim->metadata().uid(), plan.notice);
  if (plan.bind != nullptr) {
    CO_TRY_VOID(co_await bind(claim, as<Volume>(volumes_.get("", plan.bind->metadata().name()))));
    co_return std::nullopt;
  }
  if (plan.phase != claim->status().phase()) CO_TRY_VOID(co_await set_phase(claim, plan.phase));
  if (!plan.provisioner.empty()) CO_TRY_VOID(co_await ask(claim, plan.provisioner));
  co_return std::nullopt;
}

// Volume first: from then on nobody else gets it, though we may be killed before the claim knows. Each step is left out when it is done.
Task<Result<void>> VolumeBindingController::bind(ClaimPointer claim, VolumePointer volume) {
  Volume kept = *volume;
  if (core::keep_for(*claim, kept)) {
    CO_TRY(const auto written, co_await update(context_.client, std::move(kept)));
    kept = *written;
  }
  if (kept.status().phase() != "Bound") CO_TRY_VOID(co_await write_phase(kept, "Bound", ""));

  Claim next = *claim;
  auto& annotations = *next.mutable_metadata()->mutable_annotations();
  if (next.spec().volumename().empty()) {
    next.mutable_spec()->set_volumename(kept.metadata().name());
    annotations[core::kBoundByController] = "yes";
  }
  annotations[core::kBindCompleted] = "yes";
  const bool was_bound = core::is_bound(*claim);
  if (!was_bound) {
    CO_TRY(const auto written, co_await update(context_.client, std::move(next)));
    next = *written;
  }
  auto& status = *next.mutable_status();
  const auto capacity = kept.spec().capacity();
  const bool same = status.phase() == "Bound" && std::ranges::equal(status.accessmodes(), kept.spec().accessmodes());
  if (was_bound && same) co_return Result<void>();
  status.set_phase("Bound");
  *status.mutable_accessmodes() = kept.spec().accessmodes();
  *status.mutable_capacity() = capacity;
  CO_TRY_VOID(co_await update(context_.client, std::move(next), "status"));
  co_return Result<void>();
}

Task<Result<void>> VolumeBindingController::set_phase(ClaimPointer claim, std::string phase) {
  Claim next = *claim;
  next.mutable_status()->set_phase(phase);
  if (phase == "Pending") {
    next.mutable_status()->clear_accessmodes();
    next.mutable_status()->clear_capacity();
  }
  CO_TRY_VOID(co_await update(context_.client, std::move(next), "status"));
  co_return Result<void>();
}

// The annotation under both names that provisioners look for.
Task<Result<void>> VolumeBindingController::ask(ClaimPointer claim, std::string provisioner) {
  if (core::annotation_of(*claim, core::kStorageProvisioner) == provisioner) co_return Result<void>();
  Claim next = *claim;
  for (const char* name : {core::kStorageProvisioner, core::kBetaStorageProvisioner})
    (*next.mutable_metadata()->mutable_annotations())[name] = provisioner;
  CO_TRY_VOID(co_await update(context_.client, std::move(next)));
  co_return Result<void>();
}

// What the cache does not have is asked for: a volume is released for good.
Task<Result<VolumeBindingController::ClaimPointer>> VolumeBindingController::claim_of(VolumePointer volume) {
  const corev1::ObjectReference& kept = volume->spec().claimref();
  auto claim = as<Claim>(claims_.get(kept.namespace_(), kept.name()));
  if (claim == nullptr || claim->metadata().uid() != kept.uid()) {
    auto asked = co_await get<Claim>(context_.client, kept.namespace_(), kept.name());
    if (!asked && asked.error().reason != Reason::kNotFound) co_return std::unexpected(std::move(asked).error());
    claim = asked ? *asked : nullptr;
  }
  if (claim != nullptr && claim->metadata().uid() != kept.uid()) claim = nullptr;
  co_return claim;
}

Task<VolumeBindingController::Again> VolumeBindingController::sync_volume(std::string name) {
  const auto volume = as<Volume>(volumes_.get("", name));
  if (volume == nullptr) co_return std::nullopt;
  ClaimPointer claim;
  if (!volume->spec().claimref().uid().empty()) {
    CO_TRY(claim, co_await claim_of(volume));
  }
  const VolumePlan plan = plan_volume(*volume, claim.get());
  tell(*volume, volume->metadata().uid(), plan.notice);
  Volume next = *volume;
  if (plan.unbind) {
    next.mutable_spec()->clear_claimref();
    next.mutable_metadata()->mutable_annotations()->erase(core::kBoundByController);
    CO_TRY(const auto written, co_await update(context_.client, std::move(next)));
    next = *written;
  }
  if (plan.phase != next.status().phase() || plan.message != next.status().message())
    CO_TRY_VOID(co_await write_phase(std::move(next), plan.phase, plan.message));
  co_return std::nullopt;
}

Task<Result<void>> VolumeBindingController::write_phase(Volume volume, std::string phase, std::string message) {
  auto& status = *volume.mutable_status();
  if (status.phase() != phase) *status.mutable_lastphasetransitiontime() = to_time(context_.loop.now());
  status.set_phase(std::move(phase));
  status.set_message(std::move(message));
  CO_TRY_VOID(co_await update(context_.client, std::move(volume), "status"));
  co_return Result<void>();
}

}  // namespace stint::volume_binding
