// What the server chooses for a Service: virtual addresses, their families, node ports. Nothing here routes traffic, but clients expect to
// find them. The server of one family, IPv4. Pure; any thread. Source: upstream's pkg/registry/core/service/storage.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "api/kind.h"

namespace stint::core {

// What other Services have.
struct ServiceNumbers {
  std::set<std::string> addresses;
  std::set<int32_t> node_ports;
  void add(const corev1::ServiceSpec& spec);
};

// Completes the next state (old is null on create): what the client left out of an update is kept, the rest is chosen with the help of
// `random`. Faults are a 422.
void assign_service_addresses(corev1::Service& next, const corev1::Service* old, const ServiceNumbers& taken,
                              const std::function<uint64_t()>& random, FieldErrors& errors);

}  // namespace stint::core
