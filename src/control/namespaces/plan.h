// What is left of a terminating namespace and what its conditions say about it. Pure; any thread.
// Source: upstream's pkg/controller/namespace/deletion.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/object.h"

namespace stint::namespaces {

// The objects of one kind that are still there.
struct Remaining {
  std::string resource;  // "pods", "jobs.batch"
  size_t count = 0;
  std::vector<std::string> finalizers;  // of all of them, with repeats
};

// The five conditions of a terminating namespace. `failures`: errors met while deleting.
std::vector<corev1::NamespaceCondition> conditions(std::span<const Remaining> remaining, std::span<const std::string> failures,
                                                   WallTime now);

// Puts them into the status, keeping transition times where nothing changed. True: something changed.
bool merge_conditions(corev1::NamespaceStatus& status, std::vector<corev1::NamespaceCondition> conditions);

}  // namespace stint::namespaces
