// Source: upstream's pkg/apis/authentication.
#include "api/authentication/rules.h"
#include "api/field_path.h"
#include "api/json.h"

namespace stint::authentication {
namespace {

constexpr int64_t kSecondsDefault = 3600;
constexpr int64_t kSecondsMin = 600;
constexpr int64_t kSecondsMax = int64_t{1} << 32;

void set_defaults(Message& object) {
  auto& spec = *static_cast<authenticationv1::TokenRequest&>(object).mutable_spec();
  if (!spec.has_expirationseconds()) spec.set_expirationseconds(kSecondsDefault);
}

void validate(const Message& object, FieldErrors& errors) {
  const auto& spec = static_cast<const authenticationv1::TokenRequest&>(object).spec();
  if (!spec.attestations().empty()) {
    const std::string shown = json::to_text(*json::to_value(spec).find("attestations"));
    return errors.invalid("spec.attestations", shown, "attestations may only be specified with a webhook bound object reference");
  }
  const int64_t seconds = spec.expirationseconds();
  if (seconds < kSecondsMin) {
    errors.invalid("spec.expirationSeconds", shown(seconds), "may not specify a duration less than 10 minutes");
  }
  if (seconds > kSecondsMax) {
    errors.invalid("spec.expirationSeconds", shown(seconds), "may not specify a duration larger than 2^32 seconds");
  }
}

}  // namespace

const Rules kTokenReviewRules = {};
const Rules kSelfSubjectReviewRules = {};
const Rules kTokenRequestRules = {.set_defaults = set_defaults, .validate = validate};

}  // namespace stint::authentication
