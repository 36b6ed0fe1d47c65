// Admission: what the cluster adds to a write, or refuses, beyond the rules of its kind. An ordered list of steps. Loop thread only.
#pragma once

#include "server/pipeline.h"

namespace stint {

struct Admission {
  Core& core;
  const Request& request;
  Verb verb;           // kCreate, kUpdate or kDelete: a patch is an update
  Message* object;     // may be changed; null for a delete
  const Message* old;  // null for a create
};

// Runs the steps in order; the first refusal is the answer.
Result<void> admit(const Admission& admission);

}  // namespace stint
