// What a DELETE does to an object: take it away, mark it as deleting (finalizers, grace), or nothing more than was done
// before. Pure; any thread. Source: upstream's registry/rest/delete.go and registry/generic/registry/store.go.
#pragma once

#include <memory>

#include "api/verbs.h"

namespace stint {

struct DeletionPlan {
  enum class Action { kRemove, kMark, kNothing } action = Action::kNothing;
  std::unique_ptr<Message> next;  // kMark: the object as it stays; kRemove: as it goes, null when that is as it was
};

DeletionPlan plan_deletion(const Kind& kind, const Message& object, const DeleteRequest& request, WallTime now);

}  // namespace stint
