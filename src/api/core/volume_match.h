// Which volume a claim gets, and what marks the two as belonging to each other. Source: upstream's pkg/controller/volume/persistentvolume
// and the volume helpers of component-helpers. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/types.h"

namespace stint::core {

// Annotations by which upstream's binder, scheduler and provisioners speak with each other.
inline constexpr const char* kBindCompleted = "pv.kubernetes.io/bind-completed";
inline constexpr const char* kBoundByController = "pv.kubernetes.io/bound-by-controller";
inline constexpr const char* kProvisionedBy = "pv.kubernetes.io/provisioned-by";
inline constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";
inline constexpr const char* kStorageProvisioner = "volume.kubernetes.io/storage-provisioner";
inline constexpr const char* kBetaStorageProvisioner = "volume.beta.kubernetes.io/storage-provisioner";
// Of a StorageClass whose volumes nobody makes by themselves.
inline constexpr std::string_view kNoProvisioner = "kubernetes.io/no-provisioner";

std::string annotation_of(const Message& object, const char* name);
bool is_bound(const corev1::PersistentVolumeClaim& claim);  // for good: its volume is named, and the binding completed
std::string class_of(const corev1::PersistentVolumeClaim& claim);
// Of the claim that a pod's volume means: by name, or made with the pod; "" for other volumes.
std::string claim_of(const corev1::Pod& pod, const corev1::Volume& volume);

// Whether the volume is kept for this claim: by name, and by uid once it has one.
bool is_kept_for(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);
// Why a claim that names the volume cannot have it; "" if it can.
std::string mismatch(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);

using Volumes = std::vector<const corev1::PersistentVolume*>;
struct MatchOptions {
  // Only one that is kept for the claim already: others are chosen together with a node.
  bool kept_only = false;
  // Whether the volume can be used where it is wanted; empty: yes.
  std::function<bool(const corev1::PersistentVolume&)> can_use;
};
// One that is kept for it, else the smallest that is free and satisfies it; null: none.
const corev1::PersistentVolume* best_volume(const Volumes& volumes, const corev1::PersistentVolumeClaim& claim,
                                            const MatchOptions& options = {});

// Makes the volume the claim's. False if it says so already.
bool keep_for(const corev1::PersistentVolumeClaim& claim, corev1::PersistentVolume& volume);

}  // namespace stint::core
