#include "server/service_numbers.h"

#include "api/core/service_addresses.h"
#include "server/errors.h"

namespace stint {
namespace {

bool is_service(const Kind& kind) { return kind.descriptor() == corev1::Service::descriptor(); }

// What all Services but this one have.
Result<core::ServiceNumbers> taken_by_others(Core& core, const Kind& kind, const corev1::Service& self) {
  core::ServiceNumbers taken;
  TRY(const std::vector<Object> all, core.registry.all(kind, ""));
  for (const Object& object : all) {
    const auto& service = static_cast<const corev1::Service&>(*object);
    const metav1::ObjectMeta& metadata = service.metadata();
    const bool is_self = metadata.name() == self.metadata().name() && metadata.namespace_() == self.metadata().namespace_();
    if (!is_self) taken.add(service.spec());
  }
  return taken;
}

}  // namespace

Task<std::optional<KeyLocks::Hold>> lock_service_numbers(Core& core, const Kind& kind) {
  if (!is_service(kind)) co_return std::nullopt;
  co_return co_await core.registry.lock(kind, "", "");
}

Result<void> assign_service_numbers(Core& core, const Kind& kind, Message& next, const Message* old) {
  if (!is_service(kind)) return {};
  auto& service = static_cast<corev1::Service&>(next);
  TRY(const core::ServiceNumbers taken, taken_by_others(core, kind, service));
  FieldErrors errors;
  core::assign_service_addresses(service, static_cast<const corev1::Service*>(old), taken, [&] { return core.loop.rng().next(); }, errors);
  if (!errors.empty()) return fail(invalid(kind, service.metadata().name(), errors));
  return {};
}

}  // namespace stint
