// DELETE of a collection: what the selectors match now, each object as a DELETE of its own; not atomic.
#include <algorithm>

#include "server/pipeline.h"

namespace stint {

namespace {

// At once, so that the store commits them in groups.
constexpr size_t kDeletesAtOnceMax = 32;

struct Progress {
  const std::vector<Object>& objects;
  size_t next = 0;
  std::optional<Error> failed;
};

Request delete_of(const Request& collection, const Message& object) {
  Request request{.user = collection.user, .verb = Verb::kDelete, .kind = collection.kind};
  request.ns = meta(object).namespace_();
  request.name = meta(object).name();
  request.remove = collection.remove;
  request.propagation_chosen = collection.propagation_chosen;
  request.dry_run = collection.dry_run;
  return request;
}

Task<void> delete_some(Core& core, const Request& collection, Progress& progress) {
  while (progress.next < progress.objects.size() && !progress.failed) {
    const Message& object = *progress.objects[progress.next++];
    auto answer = co_await delete_object(core, delete_of(collection, object));
    // Gone meanwhile is what was asked for.
    if (!answer && answer.error().reason != Reason::kNotFound) progress.failed = std::move(answer).error();
  }
}

}  // namespace

Task<Result<Answer>> delete_collection(Core& core, Request request) {
  CO_TRY(Answer answer, co_await list_objects(core, request));
  Progress progress{.objects = answer.items};
  std::vector<Task<void>> workers;
  const size_t count = std::min(kDeletesAtOnceMax, answer.items.size());
  for (size_t i = 0; i < count; ++i) workers.push_back(delete_some(core, request, progress));
  co_await when_all(core.loop, std::move(workers));
  if (progress.failed) co_return fail(*std::move(progress.failed));
  if (!answer.items.empty()) warn_of_default_propagation(request, answer.warnings);
  co_return answer;
}

}  // namespace stint
