#include "control/garbage/plan.h"

#include <algorithm>

namespace stint::garbage {

namespace {

bool waits_for_dependents(const Object& object) { return is_deleting(*object) && has_finalizer(*object, kForegroundFinalizer); }

}  // namespace

Plan plan_dependent(const Message& object, std::span<const Owner> owners, std::span<const Object> dependents) {
  if (owners.empty()) return {};
  const auto in_state = [&](OwnerState state) { return std::ranges::count(owners, state, &Owner::state); };
  if (in_state(OwnerState::kSolid) > 0) {
    Plan plan;
    for (const Owner& owner : owners) {
      if (owner.state != OwnerState::kSolid) plan.uids.push_back(owner.uid);
    }
    if (!plan.uids.empty()) plan.action = Plan::Action::kDropOwners;
    return plan;
  }
  Plan plan{.action = Plan::Action::kDelete};
  if (in_state(OwnerState::kWaiting) > 0 && !dependents.empty()) {
    plan.propagation = Propagation::kForeground;
    plan.unblock = std::ranges::any_of(dependents, waits_for_dependents);
  } else if (has_finalizer(object, kOrphanFinalizer)) {
    plan.propagation = Propagation::kOrphan;
  } else if (has_finalizer(object, kForegroundFinalizer)) {
    plan.propagation = Propagation::kForeground;
  }
  return plan;
}

Plan plan_owner(const Message& object, std::span<const Object> dependents) {
  if (has_finalizer(object, kOrphanFinalizer)) {
    if (!dependents.empty()) return {.action = Plan::Action::kRelease, .finalizer = std::string(kOrphanFinalizer)};
    return {.action = Plan::Action::kFinish, .finalizer = std::string(kOrphanFinalizer)};
  }
  if (!has_finalizer(object, kForegroundFinalizer)) return {};
  const std::string& uid = meta(object).uid();
  if (std::ranges::none_of(dependents, [&](const Object& dependent) { return blocks(*dependent, uid); })) {
    return {.action = Plan::Action::kFinish, .finalizer = std::string(kForegroundFinalizer)};
  }
  return {.action = Plan::Action::kDeleteDependents};
}

bool blocks(const Message& dependent, std::string_view owner_uid) {
  return std::ranges::any_of(meta(dependent).ownerreferences(), [&](const metav1::OwnerReference& reference) {
    return reference.uid() == owner_uid && reference.blockownerdeletion();
  });
}

}  // namespace stint::garbage
