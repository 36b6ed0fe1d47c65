#include "control/controllers.h"

#include <algorithm>

#include "control/cluster_role_aggregation/controller.h"
#include "control/cronjob/controller.h"
#include "control/disruption/controller.h"
#include "control/ephemeral_volume/controller.h"
#include "control/event_ttl/controller.h"
#include "control/garbage/controller.h"
#include "control/job/controller.h"
#include "control/namespaces/controller.h"
#include "control/node_lifecycle/controller.h"
#include "control/podgc/controller.h"
#include "control/resource_quota/controller.h"
#include "control/service_account/controller.h"
#include "control/service_account/token_secret_controller.h"
#include "control/storage_protection/controller.h"
#include "control/taint_eviction/controller.h"
#include "control/ttl/controller.h"
#include "control/volume_binding/controller.h"

namespace stint {
namespace {

// A row is ControllerRow{"name", make_controller<NameController>}.
constexpr ControllerRow kControllers[] = {
    {"job", make_controller<JobController>},
    {"cronjob", make_controller<CronJobController>},
    {"ttl-after-finished", make_controller<TtlController>},
    {"garbage", make_controller<garbage::GarbageController>},
    {"namespace", make_controller<namespaces::NamespaceController>},
    {"podgc", make_controller<podgc::PodGcController>},
    {"node-lifecycle", make_controller<node_lifecycle::NodeLifecycleController>},
    {"taint-eviction", make_controller<taint_eviction::TaintEvictionController>},
    {"event-ttl", make_controller<event_ttl::EventTtlController>},
    {"service-account", make_controller<service_account::ServiceAccountController>},
    {"resourcequota", make_controller<resource_quota::ResourceQuotaController>},
    {"disruption", make_controller<disruption::DisruptionController>},
    {"ephemeral-volume", make_controller<ephemeral_volume::EphemeralVolumeController>},
    {"persistentvolume-binder", make_controller<volume_binding::VolumeBindingController>},
    {"storage-protection", make_controller<storage_protection::StorageProtectionController>},
    {"service-account-token", make_controller<service_account::TokenSecretController>},
    {"cluster-role-aggregation", make_controller<ClusterRoleAggregationController>},
};

}  // namespace

std::span<const ControllerRow> controllers() { return kControllers; }

Result<std::vector<ControllerRow>> controllers_without(const std::vector<std::string>& disabled) {
  std::vector<ControllerRow> rows(std::begin(kControllers), std::end(kControllers));
  for (const std::string& name : disabled) {
    const size_t gone = std::erase_if(rows, [&name](const ControllerRow& row) { return name == "*" || name == row.name; });
    const bool known = gone > 0 || name == "*" || std::ranges::count(kControllers, name, &ControllerRow::name) > 0;
    if (known) continue;
    std::string names;
    for (const ControllerRow& row : kControllers) names += (names.empty() ? "" : ", ") + std::string(row.name);
    return fail(Reason::kBadRequest, "\"" + name + "\" is no controller: there are " + names);
  }
  return rows;
}

ControllerSet::ControllerSet(Loop& loop, Client& client, ControllerOptions options, std::span<const ControllerRow> rows)
    : informers_(loop, client),
      context_{.loop = loop,
               .client = client,
               .informers = informers_,
               .metrics = options.metrics != nullptr ? *options.metrics : own_metrics_,
               .root_ca_pem = std::move(options.root_ca_pem),
               .sign_token = std::move(options.sign_token)} {
  for (const ControllerRow& row : rows) controllers_.push_back(row.make(context_));
}

void ControllerSet::start() {
  informers_.start();
  for (auto& controller : controllers_) controller->start();
}

}  // namespace stint
