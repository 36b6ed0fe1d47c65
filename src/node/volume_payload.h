// The files of configMap, secret, downwardAPI and projected volumes. Pure; any thread.
#pragma once

#include <map>
#include <string>

#include "api/types.h"
#include "base/result.h"
#include "node/environment.h"

namespace stint {

struct PayloadFile {
  std::string bytes;
  int mode = 0644;
  bool operator==(const PayloadFile&) const = default;
};
// Relative path → file.
using Payload = std::map<std::string, PayloadFile>;

// Whether the volume is one of the four whose files are made here.
bool has_payload(const corev1::VolumeSource& source);
// Whether its files may only be in memory.
bool is_sensitive(const corev1::VolumeSource& source);
void add_volume_references(const corev1::VolumeSource& source, ReferencedNames& names);

// An error is what FailedMount says: a missing object or key that is not optional, a source that this node does not know.
Result<Payload> build_payload(const corev1::VolumeSource& source, const DownwardInput& downward, const ReferencedObjects& objects);

}  // namespace stint
