// What the garbage collector does with one object, decided from its metadata, its owners and its dependents. Pure; any thread.
// Source: upstream's pkg/controller/garbagecollector.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/verbs.h"

namespace stint::garbage {

enum class OwnerState {
  kSolid,     // lives
  kWaiting,   // is in foreground deletion: waits for its dependents
  kDangling,  // absent, or another object under its name
};

struct Owner {
  std::string uid;
  OwnerState state;
};

struct Plan {
  enum class Action {
    kNone,
    kDropOwners,        // take `uids` out of the object's own references
    kDelete,            // with `propagation`
    kRelease,           // take the object's uid out of the references of its dependents, then the orphan finalizer off
    kDeleteDependents,  // foreground: those who are not going yet must be looked at
    kFinish,            // take `finalizer` off
  } action = Action::kNone;
  std::vector<std::string> uids;
  Propagation propagation = Propagation::kBackground;
  bool unblock = false;  // before kDelete: the object's own references let its owners go, for it may be in a circle with them
  std::string finalizer;
};

// An object that is not being deleted, by its owners and by those who name it as owner. No owners: never touched.
Plan plan_dependent(const Message& object, std::span<const Owner> owners, std::span<const Object> dependents);

// An object that is being deleted, by those who name it as owner.
Plan plan_owner(const Message& object, std::span<const Object> dependents);

// True if the reference of `dependent` to this uid blocks a foreground deletion.
bool blocks(const Message& dependent, std::string_view owner_uid);

}  // namespace stint::garbage
