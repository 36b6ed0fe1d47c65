// The seam between the server and the node agent for pods/log: reading a container's log (CRI format) as the pods/log endpoint answers it.
// Streaming: memory does not grow with the log.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "base/result.h"

namespace stint {

struct LogOptions {
  std::string container;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<int64_t> since_seconds;
  std::optional<WallTime> since_time;
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;
};

// Chunks of the text to send; nothing at the end. Destroying it ends it.
class LogStream {
 public:
  virtual ~LogStream() = default;
  virtual Task<std::optional<std::string>> next() = 0;
};

// The node seen by the server: what `pods/log` needs.
class LogSource {
 public:
  virtual ~LogSource() = default;
  // kBadRequest in upstream's words: container not found, waiting to start, no previous instance.
  virtual Task<Result<std::unique_ptr<LogStream>>> open_log(std::string ns, std::string pod, LogOptions options) = 0;
};

}  // namespace stint
