#include "control/namespaces/controller.h"

#include <algorithm>

namespace stint::namespaces {
namespace {

constexpr WorkQueue::Options kQueueOptions{
    .workers = 5, .retry_base = std::chrono::milliseconds(100), .retry_max = std::chrono::seconds(60)};
// Content that goes calls us by its deletion; this is only for what nobody announces.
constexpr Duration kLookAgain = std::chrono::seconds(15);
constexpr std::string_view kNamespaceFinalizer = "kubernetes";

bool is_content(const Kind& kind) {
  return kind.namespaced && kind.has_verb("delete") && kind.has_verb("list") && kind.to_stored == nullptr;
}

}  // namespace

NamespaceController::NamespaceController(ControllerContext& context)
    : context_(context),
      namespaces_(context.informers.of<corev1::Namespace>()),
      queue_(context.loop, "namespace", kQueueOptions, [this](std::string name) { return sync(std::move(name)); }, &context.metrics) {
  namespaces_.add_handler([this](const Object&, const Object& next) {
    if (next != nullptr && is_deleting(*next)) queue_.add(meta(*next).name());
  });
  for (const Kind& kind : kinds()) {
    if (!is_content(kind)) continue;
    context.informers.of(kind).add_handler([this](const Object& old, const Object& next) { observe_content(old, next); });
  }
}

void NamespaceController::start() { queue_.start(); }

void NamespaceController::observe_content(const Object& old, const Object& next) {
  const std::string& ns = meta(old != nullptr ? *old : *next).namespace_();
  // A deletion brings the end nearer; what slipped in before the namespace closed must go too.
  if (next != nullptr && old != nullptr) return;
  const Object found = namespaces_.get("", ns);
  if (found != nullptr && is_deleting(*found)) queue_.add(ns);
}

Task<Result<std::optional<Duration>>> NamespaceController::sync(std::string name) {
  auto live = co_await get<corev1::Namespace>(context_.client, "", name);
  if (!live) {
    if (live.error().reason == Reason::kNotFound) co_return std::nullopt;
    co_return std::unexpected(live.error());
  }
  const auto& finalizers = (*live)->spec().finalizers();
  if (!is_deleting(**live) || std::ranges::find(finalizers, kNamespaceFinalizer) == finalizers.end()) co_return std::nullopt;
  std::vector<std::string> failures;
  CO_TRY(std::vector<Remaining> remaining, co_await delete_content(name, &failures));
  const bool empty = std::ranges::all_of(remaining, [](const Remaining& kind) { return kind.count == 0; });
  CO_TRY_VOID(co_await report(*live, std::move(remaining), failures));
  if (!failures.empty()) co_return fail(Reason::kInternalError, "namespace " + name + ": " + failures.front());
  if (!empty) co_return kLookAgain;
  CO_TRY(auto fresh, co_await get<corev1::Namespace>(context_.client, "", name));
  auto next = std::make_unique<corev1::Namespace>(*fresh);
  auto* kept = next->mutable_spec()->mutable_finalizers();
  kept->erase(std::remove(kept->begin(), kept->end(), kNamespaceFinalizer), kept->end());
  CO_TRY_VOID(co_await context_.client.finalize_namespace(std::move(next)));
  co_return std::nullopt;
}

// Pods first: they may need their ConfigMaps and Secrets until they have ended.
Task<Result<std::vector<Remaining>>> NamespaceController::delete_content(std::string ns, std::vector<std::string>* failures) {
  std::vector<Remaining> remaining;
  CO_TRY(Remaining pods, co_await delete_all(kind_of<corev1::Pod>(), ns, failures));
  remaining.push_back(pods);
  if (pods.count > 0) {
    // A Job must go with its pods, or it would make new ones and hold the old by its finalizer.
    CO_TRY(Remaining jobs, co_await delete_all(kind_of<batchv1::Job>(), ns, failures));
    remaining.push_back(std::move(jobs));
    co_return remaining;
  }
  for (const Kind& kind : kinds()) {
    if (!is_content(kind) || kind.kind == "Pod") continue;
    auto left = co_await delete_all(kind, ns, failures);
    if (!left) co_return std::unexpected(left.error());
    remaining.push_back(std::move(*left));
  }
  co_return remaining;
}

Task<Result<Remaining>> NamespaceController::delete_all(const Kind& kind, std::string ns, std::vector<std::string>* failures) {
  CO_TRY(ObjectList found, co_await context_.client.list(kind, ns, {}));
  Remaining remaining{.resource = kind.qualified_plural()};
  for (const Object& object : found.items) {
    if (!is_deleting(*object)) {
      DeleteRequest request{.propagation = Propagation::kBackground, .uid = meta(*object).uid()};
      if (kind.default_propagation == Propagation::kUnsupported) request.propagation.reset();
      auto removed = co_await context_.client.remove(kind, ns, meta(*object).name(), std::move(request));
      if (!removed && removed.error().reason != Reason::kNotFound) failures->push_back(removed.error().message);
    }
    auto left = co_await context_.client.get(kind, ns, meta(*object).name());
    if (!left) continue;
    ++remaining.count;
    remaining.finalizers.insert(remaining.finalizers.end(), meta(**left).finalizers().begin(), meta(**left).finalizers().end());
  }
  co_return remaining;
}

Task<Result<void>> NamespaceController::report(std::shared_ptr<const corev1::Namespace> ns, std::vector<Remaining> remaining,
                                               std::vector<std::string> failures) {
  auto next = *ns;
  if (!merge_conditions(*next.mutable_status(), conditions(remaining, failures, context_.loop.now()))) co_return Result<void>{};
  auto updated = co_await update(context_.client, std::move(next), "status");
  if (!updated && updated.error().reason != Reason::kNotFound) co_return std::unexpected(updated.error());
  co_return Result<void>{};
}

}  // namespace stint::namespaces
