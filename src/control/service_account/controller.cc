#include "control/service_account/controller.h"

namespace stint::service_account {
namespace {

constexpr char kAccountName[] = "default";
constexpr char kRootCaName[] = "kube-root-ca.crt";
constexpr char kRootCaKey[] = "ca.crt";
constexpr char kDescription[] = "The certificate authority of the API server, for clients that run in pods of this namespace.";

// Lost races are won: someone else made it, or the namespace is closing.
bool settled(const Error& error) {
  return error.reason == Reason::kAlreadyExists || error.reason == Reason::kForbidden || error.reason == Reason::kNotFound;
}

}  // namespace

ServiceAccountController::ServiceAccountController(ControllerContext& context)
    : context_(context),
      namespaces_(context.informers.of<corev1::Namespace>()),
      accounts_(context.informers.of<corev1::ServiceAccount>()),
      config_maps_(context.informers.of<corev1::ConfigMap>()),
      queue_(
          context.loop, "serviceaccount", {}, [this](std::string ns) { return sync(std::move(ns)); }, &context.metrics),
      scope_(context.loop) {
  namespaces_.add_handler([this](const Object&, const Object& next) {
    if (next != nullptr && !is_deleting(*next)) queue_.add(meta(*next).name());
  });
  const auto watch_named = [this](Informer& informer, std::string_view name) {
    informer.add_handler([this, name](const Object& old, const Object&) {
      if (old != nullptr && meta(*old).name() == name) queue_.add(meta(*old).namespace_());
    });
  };
  watch_named(accounts_, kAccountName);
  watch_named(config_maps_, kRootCaName);
}

void ServiceAccountController::start() { scope_.spawn(run()); }

Task<void> ServiceAccountController::run() {
  co_await wait_synced({&namespaces_, &accounts_, &config_maps_});
  queue_.start();
}

Task<Result<std::optional<Duration>>> ServiceAccountController::sync(std::string ns) {
  const Object found = namespaces_.get("", ns);
  if (found == nullptr || is_deleting(*found)) co_return std::nullopt;
  // The authority first: a pod is admitted once the account is there, and then mounts it.
  CO_TRY_VOID(co_await ensure_root_ca(ns));
  CO_TRY_VOID(co_await ensure_account(ns));
  co_return std::nullopt;
}

Task<Result<void>> ServiceAccountController::ensure_account(std::string ns) {
  if (accounts_.get(ns, kAccountName) != nullptr) co_return Result<void>{};
  corev1::ServiceAccount account;
  account.mutable_metadata()->set_namespace_(ns);
  account.mutable_metadata()->set_name(kAccountName);
  auto made = co_await create(context_.client, std::move(account));
  if (!made && !settled(made.error())) co_return std::unexpected(made.error());
  co_return Result<void>{};
}

Task<Result<void>> ServiceAccountController::ensure_root_ca(std::string ns) {
  const Object found = config_maps_.get(ns, kRootCaName);
  corev1::ConfigMap wanted;
  if (found != nullptr) wanted = static_cast<const corev1::ConfigMap&>(*found);
  wanted.mutable_metadata()->set_namespace_(ns);
  wanted.mutable_metadata()->set_name(kRootCaName);
  wanted.clear_data();
  (*wanted.mutable_data())[kRootCaKey] = context_.root_ca_pem;
  (*wanted.mutable_metadata()->mutable_annotations())["kubernetes.io/description"] = kDescription;
  if (found == nullptr) {
    auto made = co_await create(context_.client, std::move(wanted));
    if (!made && !settled(made.error())) co_return std::unexpected(made.error());
    co_return Result<void>{};
  }
  const auto& data = static_cast<const corev1::ConfigMap&>(*found).data();
  if (data.size() == 1 && data.contains(kRootCaKey) && data.at(kRootCaKey) == context_.root_ca_pem) co_return Result<void>{};
  auto updated = co_await update(context_.client, std::move(wanted));
  if (!updated && !settled(updated.error())) co_return std::unexpected(updated.error());
  co_return Result<void>{};
}

}  // namespace stint::service_account
