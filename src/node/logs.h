// Container logs as the pods/log endpoint answers them: from the log file of one attempt, filtered, in chunks; `follow` waits for more
// until the container ends, also in the files in which the log goes on after a rotation. Loop thread only; files are read on the pool.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/core/choose_container.h"
#include "api/pod_log.h"
#include "base/loop.h"
#include "client/client.h"
#include "node/log_file.h"

namespace stint {

// What happens to logs, for those who read them.
struct LogNews {
  explicit LogNews(Loop& loop) : ended(loop), rotated(loop) {}
  Event ended;    // pulsed: some container
  Event rotated;  // pulsed: some log goes on in a new file
  uint64_t rotations = 0;
};

class NodeLogs : public LogSource {
 public:
  // `running` tells of a container id whether it still runs. With `absent_is_empty` a log that was never made is an empty one.
  NodeLogs(Loop& loop, Client& client, std::string log_dir, std::function<bool(const std::string&)> running, bool absent_is_empty = false);
  Task<Result<std::unique_ptr<LogStream>>> open_log(std::string ns, std::string pod, LogOptions options) override;

  // Some container ended: followers look whether it was theirs.
  void container_ended() { news_->ended.pulse(); }
  // Some log goes on in a new file of its name.
  void log_rotated() {
    ++news_->rotations;
    news_->rotated.pulse();
  }

 private:
  Task<Result<std::shared_ptr<LogFile>>> open(std::string path, std::optional<int64_t> tail_lines, std::string id);

  Loop& loop_;
  Client& client_;
  std::string log_dir_;
  std::function<bool(const std::string&)> running_;
  const bool absent_is_empty_;
  std::shared_ptr<LogNews> news_;  // shared with the streams
};

// Which attempt of the container the request means, in upstream's words when there is none. Pure.
Result<int> choose_attempt(const corev1::Pod& pod, const LogOptions& options);

}  // namespace stint
