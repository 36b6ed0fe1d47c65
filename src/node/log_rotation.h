// Keeps the logs of running containers within bounds: one that has grown over the limit is moved aside, and the runtime goes on in a new
// file; of those moved aside all but the newest are gzipped, and the oldest removed. Source: the kubelet's container log manager.
//
//   0.log                     being written
//   0.log.20260102-030405     moved aside at that time, UTC
//   0.log.20260102-025405.gz  the one before
//
// Loop thread only; files are worked on in the pool.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "runtime/runtime.h"

namespace stint {

struct LogLimits {
  int64_t bytes_max = 10 * 1024 * 1024;  // rotated from there
  int files_max = 5;                     // of one attempt, with the one being written; at least 2
  Duration interval = std::chrono::seconds(10);
};

// What to do with the files beside a log before it is moved aside; names, oldest first. Pure.
struct RotationPlan {
  std::vector<std::string> remove, compress;
};
// `names`: of the log's directory.
RotationPlan plan_rotation(const std::string& log_name, std::vector<std::string> names, int files_max);

class LogRotator {
 public:
  // `rotated` is called when a container's log goes on in a new file.
  LogRotator(Loop& loop, Runtime& runtime, std::string log_dir, LogLimits limits, std::function<void()> rotated);
  // For ever.
  Task<void> run();
  // One look at all logs.
  Task<void> rotate_all();

 private:
  Task<void> rotate(std::string container_id, std::string path);

  Loop& loop_;
  Runtime& runtime_;
  const std::string log_dir_;
  const LogLimits limits_;
  const std::function<void()> rotated_;
};

}  // namespace stint
