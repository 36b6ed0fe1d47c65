// GET of one object: the latest state, or one not older than asked.
#include "server/pipeline.h"
#include "server/usage_metrics.h"

namespace stint {

Task<Result<Answer>> get_object(Core& core, const Request& request) {
  if (is_usage_metrics(*request.kind)) co_return get_usage_metrics(core, request);
  CO_TRY(const auto revision, parse_resource_version(request.resource_version));
  if (revision) CO_TRY_VOID(co_await reach_revision(core, *revision));
  CO_TRY(Stored stored, core.registry.get(*request.kind, request.ns, request.name));
  co_return Answer{.kind = request.kind, .object = std::move(stored.object)};
}

}  // namespace stint
