// The namespaces that a system has from the start, made again when they go. Their content is the controllers' business.
#include <array>

#include "base/log.h"
#include "server/pipeline.h"

namespace stint {

namespace {

constexpr std::array<std::string_view, 4> kSystemNamespaces = {"default", "kube-system", "kube-public", "kube-node-lease"};
constexpr std::chrono::seconds kRetryPause{5};

Task<Result<void>> ensure_namespace(Core& core, std::string_view name) {
  const Kind& kind = kind_of<corev1::Namespace>();
  if (core.registry.exists(kind, "", name)) co_return Result<void>();
  auto ns = std::make_unique<corev1::Namespace>();
  ns->mutable_metadata()->set_name(std::string(name));
  Request request{.verb = Verb::kCreate, .kind = &kind};
  request.body.message = std::move(ns);
  auto made = co_await create_object(core, std::move(request));
  // Another server may have been first.
  if (!made && made.error().reason != Reason::kAlreadyExists) co_return fail(std::move(made).error());
  co_return Result<void>();
}

Task<Result<void>> ensure_namespaces(Core& core) {
  for (const std::string_view name : kSystemNamespaces) CO_TRY_VOID(co_await ensure_namespace(core, name));
  co_return Result<void>();
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
    auto done = co_await ensure_namespaces(core);
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
