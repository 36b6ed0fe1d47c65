// Whole files and directory trees: read with a limit, written so that a reader sees the old bytes or the new ones, removed without
// following links; and the lock that keeps two processes out of one data directory. Blocking; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/descriptor.h"

namespace stint::os {

// kNotFound if it is not there; longer than `bytes_max` is an error.
Result<std::string> read_file(const std::string& path, size_t bytes_max);

enum class Durability {
  kVisible,  // survives this process
  kSynced,   // survives a power loss
};
Result<void> write_file_atomically(const std::string& path, std::string_view bytes, Durability durability, int mode = 0600);
Result<void> sync_directory(const std::string& path);

// Like `mkdir -p`; `mode` is for those it makes.
Result<void> make_directories(const std::string& path, int mode = 0755);
// Everything under path and path itself; links are removed, not followed; fine if it is not there.
Result<void> remove_tree(const std::string& path);
// When the file's content changed last; kNotFound if it is not there.
Result<WallTime> modified_at(const std::string& path);
// Names without "." and ".."; an absent directory is empty.
Result<std::vector<std::string>> list_directory(const std::string& path);

// Held until destroyed or until the process ends, however it ends.
class FileLock {
 public:
  // kConflict if another process holds it.
  static Result<FileLock> acquire(const std::string& path);
  // Waits for the other process: for locks that are held for a moment.
  static Result<FileLock> acquire_waiting(const std::string& path);

 private:
  explicit FileLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace stint::os
