#include "control/service_account/token_secret_controller.h"

namespace stint::service_account {
namespace {

constexpr std::string_view kType = "kubernetes.io/service-account-token";
constexpr char kNameAnnotation[] = "kubernetes.io/service-account.name";
constexpr char kUidAnnotation[] = "kubernetes.io/service-account.uid";
constexpr std::string_view kAccountIndex = "account";

std::string annotation(const Message& object, const char* key) {
  const auto& annotations = meta(object).annotations();
  const auto found = annotations.find(key);
  return found == annotations.end() ? "" : found->second;
}

bool holds_token(const Message& object) { return static_cast<const corev1::Secret&>(object).type() == kType; }

std::vector<std::string> account_key(const Message& object) {
  if (!holds_token(object)) return {};
  return {object_key(meta(object).namespace_(), annotation(object, kNameAnnotation))};
}

// Somebody else wrote or deleted it: the next event tells.
bool settled(const Error& error) { return error.reason == Reason::kConflict || error.reason == Reason::kNotFound; }

}  // namespace

TokenSecretController::TokenSecretController(ControllerContext& context)
    : context_(context),
      secrets_(context.informers.of<corev1::Secret>()),
      accounts_(context.informers.of<corev1::ServiceAccount>()),
      queue_(
          context.loop, "serviceaccount-token", {}, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(context.loop) {
  secrets_.add_index(std::string(kAccountIndex), account_key);
  secrets_.add_handler([this](const Object&, const Object& next) {
    if (next != nullptr && holds_token(*next)) queue_.add(object_key(*next));
  });
  accounts_.add_handler([this](const Object& old, const Object& next) {
    if (old != nullptr && next != nullptr) return;
    for (const Object& secret : secrets_.by_index(kAccountIndex, object_key(next != nullptr ? *next : *old)))
      queue_.add(object_key(*secret));
  });
}

void TokenSecretController::start() {
  if (context_.sign_token) scope_.spawn(run());
}

Task<void> TokenSecretController::run() {
  co_await wait_synced({&secrets_, &accounts_});
  queue_.start();
}

Task<Result<std::optional<Duration>>> TokenSecretController::sync(std::string key) {
  const size_t slash = key.find('/');
  const std::string ns = key.substr(0, slash);
  const auto secret = as<corev1::Secret>(secrets_.get(ns, key.substr(slash + 1)));
  if (secret == nullptr || is_deleting(*secret)) co_return std::nullopt;
  // The cache may lag behind: only the server knows that an account is not there.
  auto account = co_await get<corev1::ServiceAccount>(context_.client, ns, annotation(*secret, kNameAnnotation));
  if (!account && account.error().reason != Reason::kNotFound) co_return std::unexpected(account.error());
  const std::string uid = annotation(*secret, kUidAnnotation);
  if (account && (uid.empty() || uid == (*account)->metadata().uid())) {
    CO_TRY_VOID(co_await fill(secret, *account));
    co_return std::nullopt;
  }
  auto removed =
      co_await context_.client.remove(kind_of<corev1::Secret>(), ns, secret->metadata().name(), {.uid = secret->metadata().uid()});
  if (!removed && !settled(removed.error())) co_return std::unexpected(removed.error());
  co_return std::nullopt;
}

Task<Result<void>> TokenSecretController::fill(std::shared_ptr<const corev1::Secret> secret,
                                               std::shared_ptr<const corev1::ServiceAccount> account) {
  corev1::Secret next = *secret;
  auto& data = *next.mutable_data();
  const auto lacks = [&data](const char* key) { return !data.contains(key) || data.at(key).empty(); };
  const bool other_root = !context_.root_ca_pem.empty() && (lacks("ca.crt") || data.at("ca.crt") != context_.root_ca_pem);
  if (!other_root && !lacks("namespace") && !lacks("token")) co_return Result<void>();
  if (other_root) data["ca.crt"] = context_.root_ca_pem;
  if (lacks("namespace")) data["namespace"] = secret->metadata().namespace_();
  if (lacks("token")) {
    CO_TRY(data["token"], context_.sign_token(*account, secret->metadata().name()));
  }
  auto& annotations = *next.mutable_metadata()->mutable_annotations();
  annotations[kNameAnnotation] = account->metadata().name();
  annotations[kUidAnnotation] = account->metadata().uid();
  auto written = co_await update(context_.client, std::move(next));
  if (!written && !settled(written.error())) co_return std::unexpected(written.error());
  co_return Result<void>();
}

}  // namespace stint::service_account
