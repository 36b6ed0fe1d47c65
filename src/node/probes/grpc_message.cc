#include "node/probes/grpc_message.h"

#include <array>
#include <optional>

namespace stint {
namespace {

constexpr size_t kFrameHead = 5;  // a flag and a length
constexpr std::array<std::string_view, 4> kStatuses = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};

void put_varint(std::string& out, size_t value) {
  for (; value > 127; value >>= 7) out += static_cast<char>((value & 127) | 128);
  out += static_cast<char>(value);
}

// Takes one off the front.
std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 127U} << shift;
    if (byte < 128) return value;
  }
  return std::nullopt;
}

// Field 1 of HealthCheckResponse; other fields are passed over.
std::optional<uint64_t> read_status(std::string_view message) {
  uint64_t status = 0;
  while (!message.empty()) {
    const auto tag = take_varint(message);
    if (!tag) return std::nullopt;
    if ((*tag & 7) == 0) {
      const auto value = take_varint(message);
      if (!value) return std::nullopt;
      if (*tag >> 3 == 1) status = *value;
    } else if ((*tag & 7) == 2) {
      const auto size = take_varint(message);
      if (!size || *size > message.size()) return std::nullopt;
      message.remove_prefix(*size);
    } else {
      return std::nullopt;
    }
  }
  return status;
}

std::string_view header(const FetchAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? std::string_view() : std::string_view(found->second);
}

CheckResult failed(std::string text) { return {CheckResult::Kind::kFailure, std::move(text)}; }

}  // namespace

std::string grpc_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message = "\x0a";
    put_varint(message, service.size());
    message += service;
  }
  std::string frame(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>((message.size() >> shift) & 255);
  return frame + message;
}

CheckResult judge_grpc_health(const FetchAnswer& answer) {
  constexpr std::string_view kDeadlineExceeded = "4", kUnimplemented = "12";
  const std::string_view code = header(answer, "grpc-status");
  const std::string words(header(answer, "grpc-message"));
  if (code == kUnimplemented)
    return failed("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + words);
  if (code == kDeadlineExceeded) return failed("timeout: health rpc did not complete: " + words);
  if (code.empty())
    return failed("error: health rpc probe failed: HTTP status " + std::to_string(answer.status) + " without a grpc-status");
  if (code != "0") return failed("error: health rpc probe failed: rpc error: code = " + std::string(code) + " desc = " + words);
  if (answer.body.size() < kFrameHead || answer.body.front() != '\0')
    return failed("error: health rpc probe failed: no message in the answer");
  const auto status = read_status(std::string_view(answer.body).substr(kFrameHead));
  if (!status) return failed("error: health rpc probe failed: the answer is no HealthCheckResponse");
  if (*status == 1) return {CheckResult::Kind::kSuccess, "service healthy"};
  const std::string name = *status < kStatuses.size() ? std::string(kStatuses[*status]) : std::to_string(*status);
  return failed("service unhealthy (responded with \"" + name + "\")");
}

}  // namespace stint
