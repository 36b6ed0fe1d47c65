// What a namespace's labels ask of the pods in it: a level of the Pod Security Standards for each of three modes. Pure; any thread.
// Source: k8s.io/pod-security-admission/api.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/kind.h"
#include "api/types.h"

namespace stint::podsecurity {

enum class Level { kPrivileged, kBaseline, kRestricted };  // each forbids more than the one before

struct Version {
  bool latest = true;
  int64_t minor = 0;  // of v1; 0 when latest
  auto operator<=>(const Version&) const = default;
};

struct LevelVersion {
  Level level = Level::kPrivileged;
  Version version;
  bool operator==(const LevelVersion&) const = default;
};

// "restricted:latest", "baseline:v1.30"
std::string to_text(const LevelVersion& asked);

struct Policy {
  LevelVersion enforce, audit, warn;
};

// A label that cannot be read is an error, and counts as `restricted` to enforce, `privileged` to audit and to warn, `latest` of versions.
// Who enforces more than he warns of is warned of that.
Policy read_policy(const google::protobuf::Map<std::string, std::string>& labels, FieldErrors& errors);

}  // namespace stint::podsecurity
