// Many calls to the server, so many at a time: they wait for the store, whose commits are grouped. Loop thread only.
#pragma once

#include <algorithm>
#include <vector>

#include "base/loop.h"

namespace stint {

// Awaits the tasks that `make` makes of 0 … count - 1, in that order, `size` together. REQUIRES: what `make` refers to outlives the call.
template <class Make>
Task<void> in_batches(Loop& loop, size_t count, size_t size, Make make) {
  for (size_t begun = 0; begun < count;) {
    std::vector<Task<void>> together;
    const size_t end = std::min(begun + size, count);
    for (; begun < end; ++begun) together.push_back(make(begun));
    co_await when_all(loop, std::move(together));
  }
}

}  // namespace stint
