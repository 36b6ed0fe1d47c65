// A store that lives as long as the process: for tests, simulation and trials. Commits are visible at once. Loop thread only.
#pragma once

#include <memory>

#include "base/loop.h"
#include "store/store.h"

namespace stint {

std::unique_ptr<Store> make_memory_store(Loop& loop);

}  // namespace stint
