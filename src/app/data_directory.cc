#include "app/data_directory.h"

namespace stint {

Result<os::FileLock> take_data_directory(const std::string& path) {
  TRY_VOID(os::make_directories(path, 0700));
  auto lock = os::FileLock::acquire(path + "/lock");
  if (!lock && lock.error().reason == Reason::kConflict)
    return fail(Reason::kConflict, "the data directory " + path + " is in use by another server");
  return lock;
}

}  // namespace stint
