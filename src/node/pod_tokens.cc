#include "node/pod_tokens.h"

#include <algorithm>

namespace stint {
namespace {

constexpr int64_t kSecondsDefault = 3600;
constexpr Duration kRenewMax = std::chrono::hours(24);

}  // namespace

Task<Result<std::string>> PodTokens::get(std::shared_ptr<const corev1::Pod> pod, corev1::ServiceAccountTokenProjection projection) {
  const std::string key = projection.SerializeAsString();
  const WallTime now = loop_.now();
  if (const auto known = tokens_.find(key); known != tokens_.end() && now < known->second.renew_at) co_return known->second.text;
  auto request = std::make_unique<authenticationv1::TokenRequest>();
  auto& spec = *request->mutable_spec();
  if (!projection.audience().empty()) spec.add_audiences(projection.audience());
  spec.set_expirationseconds(projection.has_expirationseconds() ? projection.expirationseconds() : kSecondsDefault);
  auto& bound = *spec.mutable_boundobjectref();
  bound.set_kind("Pod");
  bound.set_apiversion("v1");
  bound.set_name(pod->metadata().name());
  bound.set_uid(pod->metadata().uid());
  auto answer = co_await client_.create_subresource(kind_of<corev1::ServiceAccount>(), pod->metadata().namespace_(),
                                                    pod->spec().serviceaccountname(), "token", std::move(request));
  if (!answer) co_return fail(answer.error().reason, "failed to fetch token: " + answer.error().message);
  const auto& status = static_cast<const authenticationv1::TokenRequest&>(**answer).status();
  const Duration life = from_time(status.expirationtimestamp()) - now;
  tokens_[key] = {.text = status.token(), .renew_at = now + std::min(life / 5 * 4, kRenewMax)};
  co_return status.token();
}

std::optional<WallTime> PodTokens::renew_at() const {
  std::optional<WallTime> first;
  for (const auto& [key, token] : tokens_) first = first ? std::min(*first, token.renew_at) : token.renew_at;
  return first;
}

}  // namespace stint
