// The pod's volumes: made before the sandbox, and their files brought up to date while the pod runs.
#include <algorithm>

#include "api/core/volume_match.h"
#include "api/object.h"
#include "base/log.h"
#include "node/pod_storage.h"
#include "node/pod_worker.h"
#include "node/trust_anchors.h"

namespace stint {
namespace {

constexpr Duration kVolumeRetryBase = std::chrono::milliseconds(500);
constexpr Duration kVolumeRetryMax = std::chrono::seconds(122);
// How long a changed ConfigMap or Secret may take to show in a volume.
constexpr Duration kRefreshPeriod = std::chrono::seconds(60);

bool has_files(const corev1::PodSpec& spec) {
  return std::ranges::any_of(spec.volumes(), [](const corev1::Volume& volume) { return has_payload(volume.volumesource()); });
}

}  // namespace

Task<PodWorker::Outcome> PodWorker::make_volumes() {
  if (volumes_made_) {
    co_await refresh_volumes();
    co_return Outcome::kDone;
  }
  if (pod_->spec().volumes_size() == 0) co_return Outcome::kDone;
  if (node_.loop.steady_now() < volume_retry_at_) {
    look_again_at(volume_retry_at_);
    co_return Outcome::kWait;
  }
  auto payloads = co_await build_payloads();
  if (!payloads) {
    volumes_failed(payloads.error());
    co_return Outcome::kWait;
  }
  auto claimed = co_await claimed_volumes();
  if (!claimed) {
    volumes_failed(claimed.error());
    co_return Outcome::kWait;
  }
  auto made = co_await on_pool(node_.loop, [pod = pod_, paths = paths_, payloads = *std::move(payloads), claimed = *std::move(claimed)] {
    return set_up_volumes(pod->spec(), paths, payloads, claimed);
  });
  if (!made) {
    volumes_failed(made.error());
    co_return Outcome::kWait;
  }
  volumes_made_ = true;
  plan_refresh();
  co_return Outcome::kDone;
}

// What cannot be had now is tried again later; the containers go on with what they have.
Task<void> PodWorker::refresh_volumes() {
  if (!refresh_at_) co_return;
  if (node_.loop.steady_now() < *refresh_at_) {
    look_again_at(*refresh_at_);
    co_return;
  }
  auto payloads = co_await build_payloads();
  Result<void> written;
  if (payloads) {
    written = co_await on_pool(node_.loop, [pod = pod_, paths = paths_, payloads = *std::move(payloads)] {
      return set_up_volumes(pod->spec(), paths, payloads, {}, true);
    });
  } else {
    written = std::unexpected(std::move(payloads).error());
  }
  if (!written) {
    log_warning("volumes are not brought up to date", "pod", pod_->metadata().name(), "namespace", pod_->metadata().namespace_(), "error",
                written.error().message);
  }
  plan_refresh();
}

void PodWorker::plan_refresh() {
  if (!has_files(pod_->spec())) return;
  Duration wait = kRefreshPeriod;
  const WallTime now = node_.loop.now();
  if (const auto due = tokens_.renew_at(); due && *due > now) wait = std::min<Duration>(wait, *due - now);
  refresh_at_ = node_.loop.steady_now() + wait;
  look_again_at(*refresh_at_);
}

// A pod that takes more than it may is evicted, as upstream's node does without a shortage of its own. Many files are looked at less often:
// that takes a twentieth of a thread at most.
Task<PodWorker::Outcome> PodWorker::check_storage() {
  constexpr Duration kPeriod = std::chrono::seconds(10), kPeriodMax = std::chrono::minutes(1);
  constexpr int kRest = 20;
  if (!node_.runtime.uses_files() && pod_->spec().volumes_size() == 0) co_return Outcome::kDone;
  if (!has_storage_limits(pod_->spec())) co_return Outcome::kDone;
  const Duration begun = node_.loop.steady_now();
  if (begun >= storage_check_at_) {
    const PodStorage storage = co_await storage_use();
    const Duration now = node_.loop.steady_now();
    storage_check_at_ = now + std::clamp(kRest * (now - begun), kPeriod, kPeriodMax);
    if (auto excess = exceeded_storage_limit(pod_->spec(), storage)) {
      node_.recorder.warning(*pod_, std::string(kEvicted), excess->message);
      node_.metrics.evicted(excess->signal);
      end({.reason = std::string(kEvicted), .message = std::move(excess->message), .grace = kEvictionGrace});
      co_return Outcome::kWait;
    }
  }
  look_again_at(storage_check_at_);
  co_return Outcome::kDone;
}

Task<PodStorage> PodWorker::storage_use() const {
  std::map<std::string, std::string> layers;
  for (const auto& [name, record] : record_.containers) {
    if (!record.current) continue;
    if (std::string layer = node_.runtime.writable_layer(record.current->id); !layer.empty()) layers[name] = std::move(layer);
  }
  co_return co_await on_pool(node_.loop, [pod = pod_, paths = paths_, layers] { return measure_pod_storage(pod->spec(), paths, layers); });
}

Task<Result<VolumePayloads>> PodWorker::build_payloads() {
  const Pod pod = pod_;
  ReferencedNames names;
  for (const auto& volume : pod->spec().volumes()) add_volume_references(volume.volumesource(), names);
  CO_TRY(const ReferencedObjects objects, co_await fetch(std::move(names)));
  VolumePayloads payloads;
  for (const auto& volume : pod->spec().volumes()) {
    if (!has_payload(volume.volumesource())) continue;
    auto payload = build_payload(volume.volumesource(), downward(), objects);
    if (!payload) {
      payload.error().message = "MountVolume.SetUp failed for volume \"" + volume.name() + "\" : " + payload.error().message;
      co_return std::unexpected(std::move(payload).error());
    }
    payloads[volume.name()] = *std::move(payload);
  }
  co_return payloads;
}

Task<Result<ClaimedVolumes>> PodWorker::claimed_volumes() {
  const Pod pod = pod_;
  ClaimedVolumes claimed;
  for (const auto& volume : pod->spec().volumes()) {
    const std::string claim = core::claim_of(*pod, volume);
    if (claim.empty()) continue;
    auto found = co_await claimed_volume(volume.name(), claim);
    if (!found) {
      co_return fail(found.error().reason, "Unable to attach or mount volumes: unmounted volumes=[" + volume.name() +
                                               "], unattached volumes=[], failed to process volumes=[" + volume.name() +
                                               "]: error processing PVC " + pod->metadata().namespace_() + "/" + claim + ": " +
                                               found.error().message);
    }
    claimed[volume.name()] = *std::move(found);
  }
  co_return claimed;
}

Task<Result<ClaimedVolume>> PodWorker::claimed_volume(std::string volume, std::string name) {
  const Pod pod = pod_;
  auto claim = co_await get<corev1::PersistentVolumeClaim>(node_.client, pod->metadata().namespace_(), name);
  if (!claim) co_return fail(claim.error().reason, "failed to fetch PVC from API server: " + claim.error().message);
  const bool ephemeral = std::ranges::any_of(
      pod->spec().volumes(), [&](const corev1::Volume& each) { return each.name() == volume && each.volumesource().has_ephemeral(); });
  const auto is_owner = [&](const auto& owner) { return owner.controller() && owner.uid() == pod->metadata().uid(); };
  if (ephemeral && std::ranges::none_of((*claim)->metadata().ownerreferences(), is_owner))
    co_return fail(Reason::kInvalid, "PVC " + object_key(**claim) + " was not created for pod " + object_key(*pod) + " (pod is not owner)");
  if (is_deleting(**claim)) co_return fail(Reason::kInvalid, "PVC is being deleted");
  if (!core::is_bound(**claim)) co_return fail(Reason::kInvalid, "PVC is not bound");
  if ((*claim)->spec().volumemode() == "Block") co_return fail(Reason::kInvalid, "this node knows no block volumes");
  auto persistent = co_await get<corev1::PersistentVolume>(node_.client, "", (*claim)->spec().volumename());
  if (!persistent) co_return fail(persistent.error().reason, "failed to fetch PV from API server: " + persistent.error().message);
  if (!core::is_kept_for(**persistent, **claim))
    co_return fail(Reason::kInvalid, "volume " + (*claim)->spec().volumename() + " is bound to another claim");
  co_return ClaimedVolume{.source = (*persistent)->spec().persistentvolumesource(), .name = (*persistent)->metadata().name()};
}

void PodWorker::volumes_failed(const Error& error) {
  node_.recorder.warning(*pod_, "FailedMount", error.message);
  volume_retry_ = volume_retry_ == Duration{0} ? kVolumeRetryBase : std::min(2 * volume_retry_, kVolumeRetryMax);
  volume_retry_at_ = node_.loop.steady_now() + volume_retry_;
  look_again_at(volume_retry_at_);
}

Task<Result<ReferencedObjects>> PodWorker::fetch(ReferencedNames names) {
  ReferencedObjects objects;
  const std::string ns = pod_->metadata().namespace_();
  for (const auto& name : names.config_maps) {
    auto found = co_await get<corev1::ConfigMap>(node_.client, ns, name);
    if (found)
      objects.config_maps[name] = *std::move(found);
    else if (found.error().reason != Reason::kNotFound)
      co_return fail(std::move(found).error());
  }
  for (const auto& name : names.secrets) {
    auto found = co_await get<corev1::Secret>(node_.client, ns, name);
    if (found)
      objects.secrets[name] = *std::move(found);
    else if (found.error().reason != Reason::kNotFound)
      co_return fail(std::move(found).error());
  }
  for (const auto& projection : names.made) {
    CO_TRY(std::string text, co_await make_text(projection));
    objects.made[projection_key(projection)] = std::move(text);
  }
  co_return objects;
}

Task<Result<std::string>> PodWorker::make_text(corev1::VolumeProjection projection) {
  if (projection.has_serviceaccounttoken()) co_return co_await tokens_.get(pod_, projection.serviceaccounttoken());
  CO_TRY(const ObjectList bundles, co_await node_.client.list(kind_of<certificatesv1::ClusterTrustBundle>(), "", {}));
  co_return trust_anchors(projection.clustertrustbundle(), bundles.items);
}

}  // namespace stint
