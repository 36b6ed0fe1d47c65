#include "server/quota.h"

#include <algorithm>

#include "api/core/quota_usage.h"
#include "api/quantity.h"
#include "server/errors.h"
#include "server/managed_fields.h"

namespace stint {
namespace {

using core::Amounts;
using Quota = corev1::ResourceQuota;

const Quota& as_quota(const Object& object) { return static_cast<const Quota&>(*object); }

std::string shown(const Amounts& amounts) {
  std::string text;
  for (const auto& [name, amount] : amounts) text += (text.empty() ? "" : ",") + name + "=" + amount;
  return text;
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

// Creating anything counts; updates where they can change what is used.
bool may_use(const Request& request, const Message& next, const Message* old) {
  const Kind& kind = *request.kind;
  if (!kind.namespaced || kind.kind == "Event") return false;
  if (request.subresource == "resize") return true;
  if (!request.subresource.empty()) return false;
  if (old == nullptr) return true;
  if (kind.descriptor() == corev1::Pod::descriptor()) {
    const auto has_deadline = [](const Message& pod) { return static_cast<const corev1::Pod&>(pod).spec().has_activedeadlineseconds(); };
    return has_deadline(next) != has_deadline(*old);
  }
  return kind.descriptor() == corev1::Service::descriptor() || kind.descriptor() == corev1::PersistentVolumeClaim::descriptor();
}

// What one write means to one quota.
class Account {
 public:
  Account(const Request& request, const Message& next, const Message* old, WallTime now)
      : request_(request), next_(next), usage_(core::usage_of(*request.kind, next, now)) {
    if (old != nullptr) before_ = core::usage_of(*request.kind, *old, now);
    old_ = old;
  }

  // The amounts to add, perhaps none; kForbidden when they do not fit.
  Result<Amounts> charge(const Quota& quota) const {
    const std::set<std::string> names = core::counted_names(*request_.kind, quota.status().hard());
    if (names.empty() || !core::is_in_scope(quota.spec(), next_)) return Amounts();
    TRY_VOID(check_known(quota, names));
    Amounts asked = more_than_before(quota);
    std::erase_if(asked, [&](const auto& entry) {
      return !quota.status().hard().contains(entry.first) || compare_quantities(entry.second, "0") == 0;
    });
    TRY_VOID(check_room(quota, asked));
    return asked;
  }

 private:
  std::unexpected<Error> refuse(const std::string& why) const { return fail(forbidden(*request_.kind, meta(next_).name(), why)); }

  Result<void> check_known(const Quota& quota, const std::set<std::string>& names) const {
    if (const auto* pod = dynamic_cast<const corev1::Pod*>(&next_)) {
      const std::string fault = core::unspecified_amounts(names, pod->spec());
      if (!fault.empty()) return refuse("failed quota: " + quota.metadata().name() + ": " + fault);
    }
    const bool known = std::ranges::all_of(names, [&](const std::string& name) { return quota.status().used().contains(name); });
    if (known) return {};
    return refuse("status unknown for quota: " + quota.metadata().name() + ", resources: " + joined(names));
  }

  // An update is charged for what it adds, or for all of it if the quota did not count the object before.
  Amounts more_than_before(const Quota& quota) const {
    if (old_ == nullptr || !core::is_in_scope(quota.spec(), *old_)) return usage_;
    Amounts more;
    for (const auto& [name, amount] : usage_) {
      const auto was = before_.find(name);
      more[name] = was == before_.end() ? amount : subtract_quantities(amount, was->second);
    }
    std::erase_if(more, [](const auto& entry) { return compare_quantities(entry.second, "0") < 0; });
    return more;
  }

  Result<void> check_room(const Quota& quota, const Amounts& asked) const {
    Amounts requested, used, limited;
    const Amounts hard = core::amounts_of(quota.status().hard()), is = core::amounts_of(quota.status().used());
    for (const auto& [name, amount] : asked) {
      const std::string& most = hard.at(name);
      const auto found = is.find(name);
      const std::string now = found == is.end() ? "0" : found->second;
      if (compare_quantities(add_quantities(now, amount), most) <= 0) continue;
      requested[name] = amount;
      used[name] = now;
      limited[name] = most;
    }
    if (requested.empty()) return {};
    return refuse("exceeded quota: " + quota.metadata().name() + ", requested: " + shown(requested) + ", used: " + shown(used) +
                  ", limited: " + shown(limited));
  }

  const Request& request_;
  const Message& next_;
  const Message* old_ = nullptr;
  Amounts usage_, before_;
};

void change_used(Quota& quota, const Amounts& amounts, std::string (*change)(std::string_view, std::string_view)) {
  auto& used = *quota.mutable_status()->mutable_used();
  for (const auto& [name, amount] : amounts) used[name].set_string(change(used[name].string(), amount));
}

// REQUIRES: the quota's key is held.
Task<Result<void>> write_used(Core& core, std::string ns, const QuotaCharge& charge,
                              std::string (*change)(std::string_view, std::string_view)) {
  const Kind& quotas = kind_of<Quota>();
  CO_TRY(auto current, core.registry.find(quotas, ns, charge.quota));
  if (!current) co_return Result<void>();
  auto next = std::make_unique<Quota>(as_quota(current->object));
  change_used(*next, charge.amounts, change);
  track_own_status(quotas, *current->object, *next, core.loop.now());
  CO_TRY_VOID(co_await core.registry.replace(quotas, *std::move(current), std::move(next), false));
  co_return Result<void>();
}

// All quotas of the namespace, in one order for all.
Task<std::vector<KeyLocks::Hold>> lock_all(Core& core, std::string ns, const std::vector<Object>& quotas) {
  std::vector<KeyLocks::Hold> holds;
  for (const Object& quota : quotas) holds.push_back(co_await core.registry.lock(kind_of<Quota>(), ns, meta(*quota).name()));
  co_return holds;
}

}  // namespace

Task<Result<std::vector<QuotaCharge>>> charge_quotas(Core& core, const Request& request, const Message& next, const Message* old) {
  std::vector<QuotaCharge> charges;
  if (!may_use(request, next, old)) co_return charges;
  CO_TRY(std::vector<Object> quotas, core.registry.all(kind_of<Quota>(), request.ns));
  if (quotas.empty()) co_return charges;
  const auto holds = co_await lock_all(core, request.ns, quotas);
  CO_TRY(quotas, core.registry.all(kind_of<Quota>(), request.ns));
  const Account account(request, next, old, core.loop.now());
  for (const Object& quota : quotas) {
    CO_TRY(Amounts amounts, account.charge(as_quota(quota)));
    if (!amounts.empty()) charges.push_back({meta(*quota).name(), std::move(amounts)});
  }
  if (request.dry_run) co_return std::vector<QuotaCharge>();
  for (size_t i = 0; i < charges.size(); ++i) {
    auto written = co_await write_used(core, request.ns, charges[i], add_quantities);
    if (written) continue;
    charges.resize(i);
    for (const QuotaCharge& charge : charges) (void)co_await write_used(core, request.ns, charge, subtract_quantities);
    co_return fail(std::move(written).error());
  }
  co_return charges;
}

Task<void> refund_quotas(Core& core, std::string ns, std::vector<QuotaCharge> charges) {
  for (const QuotaCharge& charge : charges) {
    const auto hold = co_await core.registry.lock(kind_of<Quota>(), ns, charge.quota);
    // What cannot be taken off here, the controller finds.
    (void)co_await write_used(core, ns, charge, subtract_quantities);
  }
}

}  // namespace stint
