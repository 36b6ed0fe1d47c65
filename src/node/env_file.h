// Environment variables that a container before this one wrote to a file of an emptyDir volume (valueFrom.fileKeyRef). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "node/environment.h"
#include "node/pod_files.h"

namespace stint {

// The value of `key` in lines of VAR='value', where a value may have several lines, and '#' begins a comment; "" if it is not there, which
// upstream doesn't tell from an empty value. As the shell has it, nothing is assigned where a space follows '='. Pure. An error says which
// line, counted from 1, is at fault; lines after the key's are not read.
Result<std::string> env_file_value(std::string_view text, std::string_view key);

bool names_env_files(const corev1::Container& container);
// The files that the container's environment names; those that can't be read are left out. Blocking.
EnvFiles read_env_files(const corev1::Container& container, const PodPaths& paths);

}  // namespace stint
