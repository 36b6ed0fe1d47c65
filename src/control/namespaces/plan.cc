#include "control/namespaces/plan.h"

#include <map>

namespace stint::namespaces {
namespace {

corev1::NamespaceCondition condition(const char* type, bool bad, const char* reason, std::string message, WallTime now) {
  corev1::NamespaceCondition result;
  result.set_type(type);
  result.set_status(bad ? "True" : "False");
  result.set_reason(reason);
  result.set_message(std::move(message));
  *result.mutable_lasttransitiontime() = to_time(now);
  return result;
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string describe_counts(std::span<const Remaining> remaining) {
  std::vector<std::string> parts;
  for (const auto& kind : remaining) {
    if (kind.count > 0) parts.push_back(kind.resource + " has " + std::to_string(kind.count) + " resource instances");
  }
  return parts.empty() ? "" : join(parts);
}

std::string describe_finalizers(std::span<const Remaining> remaining) {
  std::map<std::string, int> counts;
  for (const auto& kind : remaining) {
    for (const auto& finalizer : kind.finalizers) ++counts[finalizer];
  }
  std::vector<std::string> parts;
  for (const auto& [finalizer, count] : counts) parts.push_back(finalizer + " in " + std::to_string(count) + " resource instances");
  return join(parts);
}

}  // namespace

std::vector<corev1::NamespaceCondition> conditions(std::span<const Remaining> remaining, std::span<const std::string> failures,
                                                   WallTime now) {
  const std::string counts = describe_counts(remaining);
  const std::string finalizers = describe_finalizers(remaining);
  std::string failure;
  for (const auto& text : failures) failure += (failure.empty() ? "" : ", ") + text;
  return {
      condition("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources are known", now),
      condition("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All group versions were read", now),
      condition("NamespaceDeletionContentFailure", !failure.empty(), failure.empty() ? "ContentDeleted" : "ContentDeletionFailed",
                failure.empty() ? "Everything was asked to go, though some of it may still be going" : failure, now),
      condition("NamespaceContentRemaining", !counts.empty(), counts.empty() ? "ContentRemoved" : "SomeResourcesRemain",
                counts.empty() ? "Nothing is left" : "Some resources are remaining: " + counts, now),
      condition("NamespaceFinalizersRemaining", !finalizers.empty(), finalizers.empty() ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
                finalizers.empty() ? "Nothing left waits for a finalizer"
                                   : "Some content in the namespace has finalizers remaining: " + finalizers,
                now),
  };
}

bool merge_conditions(corev1::NamespaceStatus& status, std::vector<corev1::NamespaceCondition> conditions) {
  bool changed = false;
  for (auto& next : conditions) {
    corev1::NamespaceCondition* found = nullptr;
    for (auto& old : *status.mutable_conditions()) {
      if (old.type() == next.type()) found = &old;
    }
    if (found == nullptr) {
      *status.add_conditions() = std::move(next);
      changed = true;
    } else if (found->status() != next.status() || found->reason() != next.reason() || found->message() != next.message()) {
      if (found->status() == next.status()) *next.mutable_lasttransitiontime() = found->lasttransitiontime();
      *found = std::move(next);
      changed = true;
    }
  }
  return changed;
}

}  // namespace stint::namespaces
