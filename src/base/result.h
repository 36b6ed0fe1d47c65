// Errors as values. `Error` carries a Kubernetes status reason, so that an error raised anywhere below the front door
// reaches kubectl untranslated. Thread-compatible: plain values.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stint {

// The reasons of a Kubernetes `Status`; `kNone` is upstream's untyped error (500 with an empty reason).
enum class Reason {
  kNone,
  kBadRequest,
  kUnauthorized,
  kForbidden,
  kNotFound,
  kMethodNotAllowed,
  kNotAcceptable,
  kUnsupportedMediaType,
  kAlreadyExists,
  kConflict,
  kGone,
  kExpired,
  kRequestEntityTooLarge,
  kInvalid,
  kTooManyRequests,
  kInternalError,
  kServerTimeout,
  kServiceUnavailable,
  kTimeout,
};

// The name on the wire, "" for kNone.
std::string_view to_string(Reason reason);
// The HTTP status code that goes with it.
int http_code(Reason reason);

// One entry of `details.causes`: a field at fault.
struct Cause {
  std::string reason;   // "FieldValueRequired", ...
  std::string message;  // "Required value: ..."
  std::string field;    // "spec.template.spec.containers[0].image"
  bool operator==(const Cause&) const = default;
};

struct Error {
  Reason reason = Reason::kNone;
  std::string message;
  // details of the Status; empty strings are left out.
  std::string name;
  std::string group;
  std::string kind;  // the plural resource, for kInvalid the Kind
  std::string uid;
  std::vector<Cause> causes;
  int retry_after_seconds = 0;
  int code = 0;                // 0: http_code(reason)
  std::string continue_token;  // metadata.continue, for an expired list

  int http_status() const { return code != 0 ? code : http_code(reason); }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Reason reason, std::string message) {
  return std::unexpected(Error{.reason = reason, .message = std::move(message)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// An operating-system error: "what: strerror(errno_value)".
Error errno_error(std::string_view what, int errno_value);

}  // namespace stint

#define STINT_CONCAT_INNER(a, b) a##b
#define STINT_CONCAT(a, b) STINT_CONCAT_INNER(a, b)
// `TRY(auto x, f());` declares x from the value or returns the error; TRY_VOID drops the value. CO_ forms are for coroutines.
#define TRY_IMPL(tmp, decl, expr, ret)                   \
  auto tmp = (expr);                                     \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define TRY(decl, ...) TRY_IMPL(STINT_CONCAT(try_, __LINE__), decl, (__VA_ARGS__), return)
#define CO_TRY(decl, ...) TRY_IMPL(STINT_CONCAT(try_, __LINE__), decl, (__VA_ARGS__), co_return)
#define TRY_VOID(...) \
  if (auto try_status = (__VA_ARGS__); !try_status) return std::unexpected(std::move(try_status).error())
#define CO_TRY_VOID(...) \
  if (auto try_status = (__VA_ARGS__); !try_status) co_return std::unexpected(std::move(try_status).error())
