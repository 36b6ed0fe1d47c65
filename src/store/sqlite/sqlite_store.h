// The store on disk, in one SQLite file. Reads and watches come from memory and never touch SQLite; one writer thread takes
// whatever commits wait as a group into one transaction with one fsync. Loop thread only; opening blocks.
//
// Destroying the store finishes what is queued. A restart loads all entries and begins its history at the loaded revision.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "store/sqlite/sqlite_options.h"
#include "store/store.h"

namespace stint {

// Commits on their way to the disk; past either limit a commit is refused with kTooManyRequests.
inline constexpr size_t kStagedWritesMax = 10000;
inline constexpr size_t kStagedBytesMax = 128 * 1024 * 1024;

// kInternalError with the cause: the file is open elsewhere, is no store, has a newer format, cannot be read.
Result<std::unique_ptr<Store>> open_sqlite_store(Loop& loop, std::string path, SqliteOptions options = {});

}  // namespace stint
