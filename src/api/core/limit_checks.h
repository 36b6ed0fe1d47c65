// What a LimitRange does to pods and claims: fills in what they leave out, and says what is out of bounds. Pure; any thread.
// Source: upstream's plugin/pkg/admission/limitranger.
#pragma once

#include <string>
#include <vector>

#include "api/types.h"

namespace stint::core {

// Fills in requests and limits, and says so in an annotation.
void apply_limit_defaults(const corev1::LimitRange& range, corev1::Pod& pod);
std::vector<std::string> limit_faults(const corev1::LimitRange& range, const corev1::PodSpec& spec);
std::vector<std::string> limit_faults(const corev1::LimitRange& range, const corev1::PersistentVolumeClaimSpec& spec);

}  // namespace stint::core
