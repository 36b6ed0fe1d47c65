#include <algorithm>
#include <limits>

#include "api/go_number.h"
#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

constexpr std::chrono::seconds kReachRevisionWait{3};

// Returns once the store shows the revision, or cannot be watched any more.
Task<void> await_revision(Store& store, Revision revision) {
  auto watch = store.watch("/registry/", store.revision());
  while (watch && store.revision() < revision) {
    auto change = co_await (*watch)->next();
    if (!change) co_return;
  }
}

Task<bool> reached(Store& store, Revision revision) {
  co_await await_revision(store, revision);
  co_return store.revision() >= revision;
}

}  // namespace

Result<std::optional<Revision>> parse_resource_version(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto number = parse_go_integer<uint64_t>(text);
  if (!number) return fail(Reason::kNone, "resourceVersion: Invalid value: " + go_quoted(text) + ": " + number.error().message);
  return static_cast<Revision>(std::min<uint64_t>(*number, std::numeric_limits<Revision>::max()));
}

Task<Result<void>> reach_revision(Core& core, Revision revision) {
  Store& store = core.registry.store();
  if (store.revision() >= revision) co_return Result<void>();
  const auto there = co_await with_timeout(core.loop, kReachRevisionWait, reached(store, revision));
  if (there.value_or(false)) co_return Result<void>();
  co_return fail(too_large_resource_version(revision, store.revision()));
}

}  // namespace stint
