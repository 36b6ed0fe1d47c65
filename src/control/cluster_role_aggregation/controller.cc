#include "control/cluster_role_aggregation/controller.h"

#include "control/cluster_role_aggregation/plan.h"

namespace stint {

ClusterRoleAggregationController::ClusterRoleAggregationController(ControllerContext& context)
    : context_(context),
      roles_(context.informers.of<rbacv1::ClusterRole>()),
      queue_(
          context.loop, "clusterrole-aggregation", {}, [this](std::string name) { return sync(std::move(name)); }, &context.metrics),
      scope_(context.loop) {
  roles_.add_handler([this](const Object&, const Object&) {
    if (roles_.synced()) queue_all();
  });
}

void ClusterRoleAggregationController::start() { scope_.spawn(run()); }

Task<void> ClusterRoleAggregationController::run() {
  co_await wait_synced({&roles_});
  queue_all();
  queue_.start();
}

// Which of them a changed role belongs to, its labels before and after would tell; there are few.
void ClusterRoleAggregationController::queue_all() {
  for (const Object& object : roles_.list()) {
    if (static_cast<const rbacv1::ClusterRole&>(*object).has_aggregationrule()) queue_.add(meta(*object).name());
  }
}

Task<Result<std::optional<Duration>>> ClusterRoleAggregationController::sync(std::string name) {
  const Object found = roles_.get("", name);
  if (found == nullptr || is_deleting(*found)) co_return std::nullopt;
  const auto& role = static_cast<const rbacv1::ClusterRole&>(*found);
  CO_TRY(auto rules, cluster_role_aggregation::plan(role, roles_.list()));
  if (!rules) co_return std::nullopt;
  rbacv1::ClusterRole next = role;
  *next.mutable_rules() = *std::move(rules);
  CO_TRY_VOID(co_await update(context_.client, std::move(next)));
  co_return std::nullopt;
}

}  // namespace stint
