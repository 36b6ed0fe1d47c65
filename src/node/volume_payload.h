// The files of configMap, secret, downwardAPI and projected volumes. Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "api/types.h"
#include "base/result.h"
#include "node/environment.h"

namespace stint {

struct PayloadFile {
  std::string bytes;
  int mode = 0644;
  std::optional<int64_t> owner;  // a user id; none: whoever runs this
  bool operator==(const PayloadFile&) const = default;
};
// Relative path → file.
using Payload = std::map<std::string, PayloadFile>;

// Whether the volume is one of the four whose files are made here.
bool has_payload(const corev1::VolumeSource& source);
// Whether its files may only be in memory.
bool is_sensitive(const corev1::VolumeSource& source);
// Names what a projection makes in ReferencedObjects::made.
std::string projection_key(const corev1::VolumeProjection& projection);
// The user all containers of the pod run as, if the pod says so and they are one: files meant for him alone are then his.
std::optional<int64_t> common_user(const corev1::PodSpec& spec);
void add_volume_references(const corev1::VolumeSource& source, ReferencedNames& names);

// An error is what FailedMount says: a missing object or key that is not optional, a source that this node does not know.
Result<Payload> build_payload(const corev1::VolumeSource& source, const DownwardInput& downward, const ReferencedObjects& objects);

}  // namespace stint
