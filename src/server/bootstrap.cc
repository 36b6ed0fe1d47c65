// What a system has from the start: its namespaces, made again when they go, its priority classes, its roles and bindings, and the Service
// by which clients find this API. The rest of their content is the controllers' business.
#include <array>

#include "api/scheduling/rules.h"
#include "base/log.h"
#include "server/auth/bootstrap_policy.h"
#include "server/managed_fields.h"
#include "server/metadata.h"
#include "server/pipeline.h"

namespace stint {

namespace {

constexpr std::array<std::string_view, 4> kSystemNamespaces = {"default", "kube-system", "kube-public", "kube-node-lease"};
constexpr std::chrono::seconds kRetryPause{5};

// Who acts here: the server itself.
User ourselves() { return {.name = "system:apiserver", .groups = {std::string(kPrivilegedGroup)}}; }

Task<Result<void>> ensure(Core& core, std::unique_ptr<Message> object) {
  const Kind& kind = kind_of(object->GetDescriptor());
  const std::string ns = meta(*object).namespace_();
  if (core.registry.exists(kind, ns, meta(*object).name())) co_return Result<void>();
  Request request{.user = ourselves(), .verb = Verb::kCreate, .kind = &kind, .ns = ns};
  request.field_manager = "kube-apiserver";
  request.body.message = std::move(object);
  auto made = co_await create_object(core, std::move(request));
  // Another server may have been first.
  if (!made && made.error().reason != Reason::kAlreadyExists) co_return fail(std::move(made).error());
  co_return Result<void>();
}

std::unique_ptr<Message> make_namespace(std::string_view name) {
  auto ns = std::make_unique<corev1::Namespace>();
  ns->mutable_metadata()->set_name(std::string(name));
  return ns;
}

std::unique_ptr<Message> make_priority_class(const scheduling::SystemClass& system) {
  auto one = std::make_unique<schedulingv1::PriorityClass>();
  one->mutable_metadata()->set_name(std::string(system.name));
  one->set_value(system.value);
  one->set_description(std::string(system.description));
  return one;
}

// Its address is where pods reach the API: no virtual one, since nothing would route it. Where pods have no network it is upstream's.
std::unique_ptr<corev1::Service> make_api_service(const std::string& host, int port) {
  auto service = std::make_unique<corev1::Service>();
  auto& metadata = *service->mutable_metadata();
  metadata.set_namespace_("default");
  metadata.set_name("kubernetes");
  (*metadata.mutable_labels())["component"] = "apiserver";
  (*metadata.mutable_labels())["provider"] = "kubernetes";
  corev1::ServiceSpec& spec = *service->mutable_spec();
  spec.set_type("ClusterIP");
  spec.set_clusterip(host.empty() ? "10.96.0.1" : host);
  spec.add_clusterips(spec.clusterip());
  spec.set_sessionaffinity("None");
  spec.add_ipfamilies("IPv4");
  spec.set_ipfamilypolicy("SingleStack");
  spec.set_internaltrafficpolicy("Cluster");
  corev1::ServicePort& https = *spec.add_ports();
  https.set_name("https");
  https.set_protocol("TCP");
  https.set_port(port);
  https.mutable_targetport()->set_type(0);
  https.mutable_targetport()->set_intval(port);
  return service;
}

// Past the pipeline, which would look for its address among those that are given out.
Task<Result<void>> store_api_service(Core& core, std::unique_ptr<corev1::Service> service) {
  const Kind& kind = kind_of<corev1::Service>();
  Request request{.user = ourselves(), .verb = Verb::kCreate, .kind = &kind, .ns = "default"};
  request.field_manager = "kube-apiserver";
  kind.rules->set_defaults(*service);
  track_managers(request, nullptr, *service, core.loop.now());
  fill_system_metadata(kind, *service, request.ns, core.loop.rng(), core.loop.now());
  CO_TRY_VOID(co_await core.registry.create(kind, std::move(service), false));
  co_return Result<void>();
}

// The address may be another one than in an earlier life, which an update could not say: the object is made anew then.
Task<Result<void>> ensure_api_service(Core& core) {
  auto wanted = make_api_service(core.api_host, core.api_port);
  const Kind& services = kind_of<corev1::Service>();
  CO_TRY(auto found, core.registry.find(services, "default", "kubernetes"));
  if (found) {
    const auto& spec = static_cast<const corev1::Service&>(*found->object).spec();
    const bool same_port = spec.ports_size() == 1 && spec.ports(0).port() == core.api_port;
    if (spec.clusterip() == wanted->spec().clusterip() && same_port) co_return Result<void>();
    CO_TRY_VOID(co_await core.registry.remove(services, *std::move(found), false));
  }
  co_return co_await store_api_service(core, std::move(wanted));
}

Task<Result<void>> ensure_role(Core& core, std::unique_ptr<Message> wanted) {
  const Kind& kind = kind_of(wanted->GetDescriptor());
  CO_TRY(auto found, core.registry.find(kind, meta(*wanted).namespace_(), meta(*wanted).name()));
  if (!found) co_return co_await ensure(core, std::move(wanted));
  auto next = rbac::brought_up(*found->object, *wanted);
  if (next == nullptr) co_return Result<void>();
  auto written = co_await core.registry.replace(kind, *std::move(found), std::move(next), false);
  // Somebody who wrote meanwhile knows better.
  if (!written && written.error().reason != Reason::kConflict) co_return fail(std::move(written).error());
  co_return Result<void>();
}

Task<void> ensure_role_or_log(Core& core, std::unique_ptr<Message> wanted) {
  const std::string name = meta(*wanted).name();
  auto done = co_await ensure_role(core, std::move(wanted));
  if (!done) log_warning("system role cannot be made", "name", name, "error", done.error().message);
}

// All at once, so that they share a few writes to the disk.
Task<void> ensure_roles(Core& core) {
  std::vector<Task<void>> tasks;
  for (auto& object : rbac::bootstrap_policy()) tasks.push_back(ensure_role_or_log(core, std::move(object)));
  co_await when_all(core.loop, std::move(tasks));
}

Task<Result<void>> ensure_system_objects(Core& core) {
  for (const std::string_view name : kSystemNamespaces) CO_TRY_VOID(co_await ensure(core, make_namespace(name)));
  for (const auto& system : scheduling::kSystemClasses) CO_TRY_VOID(co_await ensure(core, make_priority_class(system)));
  co_return co_await ensure_api_service(core);
}

// Returns when a namespace went after `from`, or when that may have been missed.
Task<void> wait_for_deletion(Store& store, Revision from) {
  auto watch = store.watch(Registry::prefix(kind_of<corev1::Namespace>(), ""), from);
  while (watch) {
    auto change = co_await (*watch)->next();
    if (!change || change->value == nullptr) co_return;
  }
}

}  // namespace

Task<void> keep_system_objects(Core& core, Event& ready) {
  while (true) {
    const Revision seen = core.registry.store().revision();
    auto done = co_await ensure_system_objects(core);
    if (!ready.is_set()) co_await ensure_roles(core);
    ready.set();
    if (done) {
      co_await wait_for_deletion(core.registry.store(), seen);
    } else {
      log_warning("system namespaces are missing", "error", done.error().message);
      co_await sleep_for(core.loop, kRetryPause);
    }
  }
}

}  // namespace stint
