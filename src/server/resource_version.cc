#include <charconv>

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
  Revision revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (error != std::errc() || end != text.data() + text.size() || revision < 0) {
    return fail(Reason::kBadRequest, "invalid resource version: " + quote(text) + " is not a number");
  }
  return revision;
}

Task<Result<void>> reach_revision(Core& core, Revision revision) {
  Store& store = core.registry.store();
  if (store.revision() >= revision) co_return Result<void>();
  const auto there = co_await with_timeout(core.loop, kReachRevisionWait, reached(store, revision));
  if (there.value_or(false)) co_return Result<void>();
  co_return fail(too_large_resource_version(revision, store.revision()));
}

}  // namespace stint
