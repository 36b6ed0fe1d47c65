// The audit log: an append-only file of JSON lines, written by a thread of its own, so that a slow disk does not slow the loop. What cannot
// be written is counted and told, never lost in silence. write() from the loop thread only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

namespace stint {

class AuditLog {
 public:
  // Lines that wait for the disk; past it they are lost, and counted.
  static constexpr size_t kBufferBytesMax = 16 * 1024 * 1024;

  // Creates the file (0600) or goes on at its end.
  static Result<std::unique_ptr<AuditLog>> open(const std::string& path);
  // Writes what still waits.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;

  // One line, without its end.
  void write(std::string_view line);

  uint64_t written() const { return written_; }
  uint64_t lost() const { return lost_; }

 private:
  explicit AuditLog(int descriptor);
  void run();
  // All of it or nothing.
  bool append(const std::string& lines);
  void lose(uint64_t lines, const char* why);

  const int descriptor_;
  std::atomic<uint64_t> written_ = 0, lost_ = 0;
  std::mutex mutex_;  // of the three below
  std::condition_variable changed_;
  std::string waiting_;
  uint64_t waiting_lines_ = 0;
  bool ending_ = false;
  std::atomic<bool> losing_ = false;  // the loss is told once, and again when it has ended
  std::thread thread_;
};

}  // namespace stint
