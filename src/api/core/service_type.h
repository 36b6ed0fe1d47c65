// What follows from the type of a Service: which of its fields mean anything. Pure; any thread.
#pragma once

#include "api/types.h"

namespace stint::core {

inline constexpr std::string_view kNoAddress = "None";

inline bool is_balanced(const corev1::ServiceSpec& spec) { return spec.type() == "LoadBalancer"; }
inline bool needs_address(const corev1::ServiceSpec& spec) { return spec.type() != "ExternalName"; }
inline bool uses_node_ports(const corev1::ServiceSpec& spec) { return spec.type() == "NodePort" || is_balanced(spec); }
inline bool is_reached_from_outside(const corev1::ServiceSpec& spec) {
  return uses_node_ports(spec) || (spec.type() == "ClusterIP" && !spec.externalips().empty());
}
inline bool needs_health_check(const corev1::ServiceSpec& spec) { return is_balanced(spec) && spec.externaltrafficpolicy() == "Local"; }
inline bool is_headless(const corev1::ServiceSpec& spec) { return spec.clusterips_size() == 1 && spec.clusterips(0) == kNoAddress; }

template <class List>
bool same_list(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}
inline bool same_addresses(const corev1::ServiceSpec& a, const corev1::ServiceSpec& b) {
  return a.clusterip() == b.clusterip() && same_list(a.clusterips(), b.clusterips());
}

}  // namespace stint::core
