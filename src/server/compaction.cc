// How long past states can be listed and watched from.
#include "server/pipeline.h"

namespace stint {
namespace {

constexpr std::chrono::minutes kInterval{5};

}  // namespace

Task<void> keep_compacted(Core& core) {
  Revision then = core.registry.store().revision();
  while (true) {
    co_await sleep_for(core.loop, kInterval);
    core.registry.store().compact(then);
    then = core.registry.store().revision();
  }
}

}  // namespace stint
