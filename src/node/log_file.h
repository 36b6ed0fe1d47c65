// A log file read in chunks. Blocking; any thread, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "os/descriptor.h"

namespace stint {

class LogFile {
 public:
  static Result<std::unique_ptr<LogFile>> open(const std::string& path);

  // The same for two paths of one file.
  uint64_t inode() const { return inode_; }
  // Goes to where the last `lines` lines begin; 0 is the end.
  Result<void> seek_tail(int64_t lines);
  // What comes next, at most kChunkBytes; "" at the end of what is written so far.
  Result<std::string> read_chunk();

  static constexpr size_t kChunkBytes = 64 * 1024;

 private:
  LogFile(os::Descriptor file, uint64_t inode) : file_(std::move(file)), inode_(inode) {}
  os::Descriptor file_;
  uint64_t inode_;
  int64_t offset_ = 0;
};

// The last lines as text (without times), the end of it where it is longer than `bytes_max`; "" when there is no log.
std::string read_log_tail(const std::string& path, int64_t lines, size_t bytes_max);

}  // namespace stint
