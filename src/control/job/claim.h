// Which pods are a Job's: those that name it as their controller, and ownerless ones that its selector picks, which are then adopted. Pure;
// any thread. Source: upstream's PodControllerRefManager.
#pragma once

#include "api/json.h"
#include "api/selector.h"
#include "control/job/pod.h"

namespace stint::job {

enum class Claim { kOurs, kAdopt, kRelease, kNone };

Claim judge_claim(const batchv1::Job& job, const LabelSelector& selector, const corev1::Pod& pod);

// Strategic merge patches of a pod; its uid in them makes them fail on another pod of that name.
json::Value adopt_patch(const batchv1::Job& job, const corev1::Pod& pod);
json::Value release_patch(const batchv1::Job& job, const corev1::Pod& pod);
json::Value drop_finalizer_patch();

// An ownerless pod's namespace: the index in which candidates for adoption are found.
inline constexpr std::string_view kOwnerlessIndex = "ownerless";
std::vector<std::string> ownerless_index(const Message& pod);

}  // namespace stint::job
