#include "control/job/claim.h"

namespace stint::job {

using json::Array;
using json::Members;
using json::Value;

Claim judge_claim(const batchv1::Job& job, const LabelSelector& selector, const corev1::Pod& pod) {
  const bool matches = selector.matches(pod.metadata().labels());
  if (const auto* owner = controller_of(pod)) {
    if (owner->uid() != job.metadata().uid()) return Claim::kNone;
    if (matches) return Claim::kOurs;
    return is_deleting(job) ? Claim::kNone : Claim::kRelease;
  }
  const bool adopts = matches && !is_deleting(job) && !is_deleting(pod) && pod.metadata().namespace_() == job.metadata().namespace_();
  return adopts ? Claim::kAdopt : Claim::kNone;
}

Value adopt_patch(const batchv1::Job& job, const corev1::Pod& pod) {
  Members owner{{"apiVersion", "batch/v1"},    {"kind", "Job"},      {"name", job.metadata().name()},
                {"uid", job.metadata().uid()}, {"controller", true}, {"blockOwnerDeletion", true}};
  Members metadata{
      {"uid", pod.metadata().uid()}, {"ownerReferences", Array{Value(std::move(owner))}}, {"finalizers", Array{Value(kTrackingFinalizer)}}};
  return Members{{"metadata", std::move(metadata)}};
}

Value release_patch(const batchv1::Job& job, const corev1::Pod& pod) {
  Members owner{{"$patch", "delete"}, {"uid", job.metadata().uid()}};
  Members metadata{{"uid", pod.metadata().uid()},
                   {"ownerReferences", Array{Value(std::move(owner))}},
                   {"$deleteFromPrimitiveList/finalizers", Array{Value(kTrackingFinalizer)}}};
  return Members{{"metadata", std::move(metadata)}};
}

Value drop_finalizer_patch() {
  Members metadata{{"$deleteFromPrimitiveList/finalizers", Array{Value(kTrackingFinalizer)}}};
  return Members{{"metadata", std::move(metadata)}};
}

std::vector<std::string> ownerless_index(const Message& pod) {
  if (controller_of(pod) != nullptr) return {};
  return {meta(pod).namespace_()};
}

}  // namespace stint::job
