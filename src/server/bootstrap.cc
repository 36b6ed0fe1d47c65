// What a system has from the start: its namespaces, made again when they go, its priority classes, and the Service by which clients find
// this API. The rest of their content is the controllers' business.
#include <array>

#include "api/scheduling/rules.h"
#include "base/log.h"
#include "server/pipeline.h"

namespace stint {

namespace {

constexpr std::array<std::string_view, 4> kSystemNamespaces = {"default", "kube-system", "kube-public", "kube-node-lease"};
constexpr std::chrono::seconds kRetryPause{5};

Task<Result<void>> ensure(Core& core, std::unique_ptr<Message> object) {
  const Kind& kind = kind_of(object->GetDescriptor());
  const std::string ns = meta(*object).namespace_();
  if (core.registry.exists(kind, ns, meta(*object).name())) co_return Result<void>();
  Request request{.verb = Verb::kCreate, .kind = &kind, .ns = ns};
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

// Without a virtual address, since nothing would route it: clients ask it for the address family, and `kubectl get all` shows it.
std::unique_ptr<Message> make_api_service() {
  auto service = std::make_unique<corev1::Service>();
  auto& metadata = *service->mutable_metadata();
  metadata.set_namespace_("default");
  metadata.set_name("kubernetes");
  (*metadata.mutable_labels())["component"] = "apiserver";
  (*metadata.mutable_labels())["provider"] = "kubernetes";
  corev1::ServiceSpec& spec = *service->mutable_spec();
  spec.set_type("ClusterIP");
  spec.set_clusterip("None");
  spec.add_clusterips("None");
  spec.set_sessionaffinity("None");
  spec.add_ipfamilies("IPv4");
  spec.set_ipfamilypolicy("SingleStack");
  spec.set_internaltrafficpolicy("Cluster");
  corev1::ServicePort& port = *spec.add_ports();
  port.set_name("https");
  port.set_protocol("TCP");
  port.set_port(443);
  return service;
}

Task<Result<void>> ensure_system_objects(Core& core) {
  for (const std::string_view name : kSystemNamespaces) CO_TRY_VOID(co_await ensure(core, make_namespace(name)));
  for (const auto& system : scheduling::kSystemClasses) CO_TRY_VOID(co_await ensure(core, make_priority_class(system)));
  co_return co_await ensure(core, make_api_service());
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

Task<void> keep_system_namespaces(Core& core, Event& ready) {
  while (true) {
    const Revision seen = core.registry.store().revision();
    auto done = co_await ensure_system_objects(core);
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
