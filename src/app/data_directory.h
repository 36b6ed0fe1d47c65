// A data directory has one server at a time. Blocking.
#pragma once

#include <string>

#include "os/file.h"

namespace stint {

// Makes the directory if need be, for its owner alone, and takes it for as long as the lock lives. kConflict if another server has it.
Result<os::FileLock> take_data_directory(const std::string& path);

}  // namespace stint
