#include "base/result.h"

#include <array>
#include <system_error>

namespace stint {
namespace {

struct ReasonRow {
  std::string_view name;
  int code;
};

// Indexed by Reason. Source: upstream's metav1.StatusReason and the codes its apimachinery errors use.
constexpr std::array<ReasonRow, 19> kReasons{{
    {"", 500},
    {"BadRequest", 400},
    {"Unauthorized", 401},
    {"Forbidden", 403},
    {"NotFound", 404},
    {"MethodNotAllowed", 405},
    {"NotAcceptable", 406},
    {"UnsupportedMediaType", 415},
    {"AlreadyExists", 409},
    {"Conflict", 409},
    {"Gone", 410},
    {"Expired", 410},
    {"RequestEntityTooLarge", 413},
    {"Invalid", 422},
    {"TooManyRequests", 429},
    {"InternalError", 500},
    {"ServerTimeout", 500},
    {"ServiceUnavailable", 503},
    {"Timeout", 504},
}};

}  // namespace

std::string_view to_string(Reason reason) { return kReasons[static_cast<size_t>(reason)].name; }

int http_code(Reason reason) { return kReasons[static_cast<size_t>(reason)].code; }

Error errno_error(std::string_view what, int errno_value) {
  return Error{.reason = Reason::kInternalError, .message = std::string(what) + ": " + std::generic_category().message(errno_value)};
}

}  // namespace stint
