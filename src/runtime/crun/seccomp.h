// The system calls that no container of a batch job needs and that have opened hosts before: they fail with EPERM. A list of what is
// refused, not of what is allowed: the filter stays short, so that it costs no measurable start time, and new harmless calls work. Pure;
// any thread.
#pragma once

#include "api/json.h"

namespace stint::crun {

// `linux.seccomp` of an OCI configuration; left out for privileged containers. With `administrator` the container has CAP_SYS_ADMIN, and
// what that capability is for is let through.
json::Value seccomp_profile(bool administrator);

// A profile in OCI form from a file. Blocking. kInvalid: it is not there, too long or no JSON object.
Result<json::Value> read_seccomp_profile(const std::string& path);

}  // namespace stint::crun
