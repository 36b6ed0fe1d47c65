// A pod whose claims wait for a node is bound to it only once they are bound. Source: upstream's volumebinding plugin, Reserve and PreBind.
#include <algorithm>

#include "api/object.h"
#include "base/log.h"
#include "sched/scheduler.h"

namespace stint {
namespace {

constexpr Duration kBindMax = std::chrono::seconds(600);

}  // namespace

Storage Scheduler::storage() const {
  Storage storage{.promised = promised_};
  const auto waiting = cache_.waiting();
  if (std::ranges::none_of(waiting, [](const PodPointer& pod) { return uses_claims(pod->spec()); })) return storage;
  for (const Object& object : claims_.list()) storage.claims.emplace(object_key(*object), as<corev1::PersistentVolumeClaim>(object));
  for (const Object& object : volumes_.list()) storage.volumes.emplace(meta(*object).name(), as<corev1::PersistentVolume>(object));
  for (const Object& object : classes_.list()) storage.classes.emplace(meta(*object).name(), as<storagev1::StorageClass>(object));
  return storage;
}

// REQUIRES: the pod is assumed to be on the node.
Task<void> Scheduler::bind_claims(Binding binding) {
  const std::string uid = binding.pod->metadata().uid();
  std::set<std::string> ours;
  for (const ClaimChoice& choice : binding.claims)
    if (choice.volume != nullptr) ours.insert(choice.volume->metadata().name());
  promised_.insert(ours.begin(), ours.end());
  Result<void> chosen;
  for (const ClaimChoice& choice : binding.claims) {
    if (chosen) chosen = co_await choose(choice, binding.node);
  }
  bool bound = false;
  if (chosen) {
    const auto all = co_await with_timeout(loop_, kBindMax, all_bound(binding.pod, binding.claims, binding.node));
    bound = all.value_or(false);
  }
  for (const std::string& name : ours) promised_.erase(name);
  if (bound) {
    binding.claims.clear();
    co_await bind(std::move(binding));
    co_return;
  }
  if (!chosen && chosen.error().reason != Reason::kNotFound && chosen.error().reason != Reason::kConflict)
    log_warning("claim not bound", "pod", object_key(*binding.pod), "error", chosen.error().message);
  cache_.forget(uid);
  try_again_soon();
}

// What the others read: the volume is kept for the claim, or the claim names the node on which its volume is to be made.
Task<Result<void>> Scheduler::choose(ClaimChoice choice, std::string node) {
  if (choice.volume != nullptr) {
    corev1::PersistentVolume kept = *choice.volume;
    if (!core::keep_for(*choice.claim, kept)) co_return Result<void>();
    CO_TRY_VOID(co_await update(client_, std::move(kept)));
    co_return Result<void>();
  }
  if (core::annotation_of(*choice.claim, core::kSelectedNode) == node) co_return Result<void>();
  corev1::PersistentVolumeClaim next = *choice.claim;
  (*next.mutable_metadata()->mutable_annotations())[core::kSelectedNode] = node;
  CO_TRY_VOID(co_await update(client_, std::move(next)));
  co_return Result<void>();
}

// False: the pod or one of them is gone, or was given back because its volume cannot be made there.
Task<bool> Scheduler::all_bound(PodPointer pod, std::vector<ClaimChoice> claims, std::string node) {
  std::set<std::string> named;  // claims that were seen with the node
  while (true) {
    claims_changed_.reset();
    const auto waiting = as<corev1::Pod>(pods_.get(pod->metadata().namespace_(), pod->metadata().name()));
    if (waiting == nullptr || waiting->metadata().uid() != pod->metadata().uid() || is_deleting(*waiting)) co_return false;
    bool all = true;
    for (const ClaimChoice& choice : claims) {
      const auto& metadata = choice.claim->metadata();
      const auto claim = as<corev1::PersistentVolumeClaim>(claims_.get(metadata.namespace_(), metadata.name()));
      if (claim == nullptr || claim->metadata().uid() != metadata.uid()) co_return false;
      if (core::is_bound(*claim)) continue;
      all = false;
      const bool has_node = core::annotation_of(*claim, core::kSelectedNode) == node;
      if (has_node) named.insert(metadata.uid());
      if (choice.volume == nullptr && !has_node && named.contains(metadata.uid())) co_return false;
    }
    if (all) co_return true;
    co_await claims_changed_.wait();
  }
}

}  // namespace stint
