// What a container left as its last words. Blocking; any thread.
#pragma once

#include <string>

namespace stint {

// The file's first 4096 bytes; when it is empty and `log_path` is not "", the tail of the log (80 lines, 2048 bytes).
std::string read_termination_message(const std::string& path, const std::string& log_path);

}  // namespace stint
