// What can be set about the SQLite driver. Plain values.
#pragma once

#include <cstdint>

namespace stint {

struct SqliteOptions {
  int64_t size_bytes_max = 0;  // of the database file; past it commits fail as on a full disk. 0: the disk decides
};

}  // namespace stint
