#include "sched/claims.h"

#include <algorithm>

#include "api/object.h"
#include "sched/filters.h"

namespace stint {
namespace {

bool can_reach(const corev1::PersistentVolume& volume, const corev1::Node& node) {
  return !volume.spec().nodeaffinity().has_required() || matches_node_selector(volume.spec().nodeaffinity().required(), node);
}

// "allowedTopologies" of a class: any of the terms, all of a term.
bool allows(const storagev1::StorageClass& one, const corev1::Node& node) {
  const auto matches = [&](const corev1::TopologySelectorTerm& term) {
    return std::ranges::all_of(term.matchlabelexpressions(), [&](const auto& expression) {
      const auto label = node.metadata().labels().find(expression.key());
      return label != node.metadata().labels().end() && std::ranges::find(expression.values(), label->second) != expression.values().end();
    });
  };
  return one.allowedtopologies().empty() || std::ranges::any_of(one.allowedtopologies(), matches);
}

bool is_owned_by(const corev1::PersistentVolumeClaim& claim, const corev1::Pod& pod) {
  return std::ranges::any_of(claim.metadata().ownerreferences(),
                             [&](const auto& owner) { return owner.controller() && owner.uid() == pod.metadata().uid(); });
}

bool is_used_by_another(const std::string& key, const corev1::Pod& pod, const BoundPods& bound) {
  for (const auto& [node, pods] : bound) {
    for (const auto& [name, other] : pods) {
      if (other->metadata().namespace_() != pod.metadata().namespace_() || other->metadata().uid() == pod.metadata().uid()) continue;
      for (const auto& volume : other->spec().volumes())
        if (const std::string claim = core::claim_of(*other, volume);
            !claim.empty() && object_key(other->metadata().namespace_(), claim) == key)
          return true;
    }
  }
  return false;
}

}  // namespace

bool uses_claims(const corev1::PodSpec& spec) {
  return std::ranges::any_of(spec.volumes(), [](const corev1::Volume& volume) {
    return volume.volumesource().has_persistentvolumeclaim() || volume.volumesource().has_ephemeral();
  });
}

ClaimConstraints::ClaimConstraints(const corev1::Pod& pod, const Storage& storage, const BoundPods& bound) : storage_(storage) {
  bool immediate = false;
  for (const auto& volume : pod.spec().volumes()) {
    look_at(pod, volume, bound);
    if (!refusal_.empty()) return;
  }
  std::erase_if(unbound_, [&](const ClaimPointer& claim) {
    const auto found = storage.classes.find(core::class_of(*claim));
    const bool waits = found != storage.classes.end() && found->second->volumebindingmode() == "WaitForFirstConsumer";
    immediate |= !waits || !claim->spec().volumename().empty();
    return !waits;
  });
  if (immediate) refusal_ = "pod has unbound immediate PersistentVolumeClaims";
}

void ClaimConstraints::look_at(const corev1::Pod& pod, const corev1::Volume& volume, const BoundPods& bound) {
  const std::string name = core::claim_of(pod, volume);
  if (name.empty()) return;
  const bool ephemeral = volume.volumesource().has_ephemeral();
  const std::string key = object_key(pod.metadata().namespace_(), name);
  const auto found = storage_.claims.find(key);
  if (found == storage_.claims.end()) {
    refusal_ = ephemeral ? "waiting for ephemeral volume controller to create the persistentvolumeclaim \"" + name + "\""
                         : "persistentvolumeclaim \"" + name + "\" not found";
    return;
  }
  const ClaimPointer& claim = found->second;
  const std::string quoted = "persistentvolumeclaim \"" + name + "\"";
  if (claim->status().phase() == "Lost") {
    refusal_ = quoted + " bound to non-existent persistentvolume \"" + claim->spec().volumename() + "\"";
  } else if (is_deleting(*claim)) {
    refusal_ = quoted + " is being deleted";
  } else if (ephemeral && !is_owned_by(*claim, pod)) {
    refusal_ = "PVC " + key + " was not created for pod " + object_key(pod) + " (pod is not owner)";
  }
  if (!refusal_.empty()) return;
  const auto& modes = claim->spec().accessmodes();
  if (std::ranges::find(modes, "ReadWriteOncePod") != modes.end() && is_used_by_another(key, pod, bound)) {
    everywhere_.push_back(
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod");
  }
  if (!core::is_bound(*claim)) {
    unbound_.push_back(claim);
    return;
  }
  const auto is = storage_.volumes.find(claim->spec().volumename());
  if (is != storage_.volumes.end())
    bound_.push_back(is->second);
  else
    everywhere_.push_back("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
}

std::vector<std::string> ClaimConstraints::reasons_against(const corev1::Node& node, std::vector<ClaimChoice>* choices) const {
  if (!everywhere_.empty()) return everywhere_;
  std::vector<std::string> reasons;
  if (!std::ranges::all_of(bound_, [&](const VolumePointer& volume) { return can_reach(*volume, node); }))
    reasons.push_back("node(s) didn't match PersistentVolume's node affinity");
  std::set<std::string> taken = storage_.promised;
  for (const ClaimPointer& claim : unbound_) {
    const std::string selected = core::annotation_of(*claim, core::kSelectedNode);
    core::Volumes volumes;
    for (const auto& [name, volume] : storage_.volumes)
      if (!taken.contains(name)) volumes.push_back(volume.get());
    const auto* best = core::best_volume(volumes, *claim, {.can_use = [&](const auto& volume) { return can_reach(volume, node); }});
    if (best != nullptr) {
      taken.insert(best->metadata().name());
      if (choices != nullptr) choices->push_back({claim, storage_.volumes.at(best->metadata().name())});
      continue;
    }
    const auto& one = *storage_.classes.at(core::class_of(*claim));
    const bool is_made = !one.provisioner().empty() && one.provisioner() != core::kNoProvisioner && allows(one, node) &&
                         (selected.empty() || selected == node.metadata().name());
    if (!is_made) {
      reasons.push_back("node(s) didn't find available persistent volumes to bind");
      break;
    }
    if (choices != nullptr) choices->push_back({claim, nullptr});
  }
  return reasons;
}

}  // namespace stint
