#include "node/logs.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <deque>
#include <filesystem>

#include "base/log.h"
#include "node/container_config.h"
#include "node/cri_log.h"
#include "node/log_file.h"
#include "node/phase.h"
#include "node/pod_files.h"

namespace stint {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(5);
constexpr int kLooksMax = 200;

// The attempt at the end of "<runtime>://<uid>_<container>_<attempt>".
std::optional<int> attempt_of(const std::string& container_id) {
  const size_t cut = container_id.rfind('_');
  if (cut == std::string::npos) return std::nullopt;
  int attempt = 0;
  const auto [end, error] = std::from_chars(container_id.data() + cut + 1, container_id.data() + container_id.size(), attempt);
  if (error != std::errc{} || end != container_id.data() + container_id.size()) return std::nullopt;
  return attempt;
}

std::string in_pod(const std::string& container, const corev1::Pod& pod) {
  return "container \"" + container + "\" in pod \"" + pod.metadata().name() + "\"";
}

// Tells of changes of one file; readable when there is one. -1: the file cannot be watched.
class FileWatch {
 public:
  FileWatch(Loop& loop, const std::string& path) : loop_(loop), fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (fd_ >= 0 && inotify_add_watch(fd_, path.c_str(), IN_MODIFY) < 0) log_warning("log not watched", "path", path, "errno", errno);
  }
  ~FileWatch() {
    if (id_ != 0) loop_.cancel_readable(id_);
    if (fd_ >= 0) close(fd_);
  }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  void drain() {
    std::array<char, 4096> events;
    while (fd_ >= 0 && read(fd_, events.data(), events.size()) > 0) {
    }
  }
  // Sets `event` at the next change, and at once when there was one since drain().
  void arm(Event& event) {
    if (fd_ < 0 || id_ != 0) return;
    id_ = loop_.when_readable(fd_, [this, &event] {
      id_ = 0;
      event.set();
    });
  }

 private:
  Loop& loop_;
  int fd_;
  uint64_t id_ = 0;
};

Result<std::shared_ptr<LogFile>> open_at(const std::string& path, std::optional<int64_t> tail_lines) {
  TRY(auto file, LogFile::open(path));
  if (tail_lines) TRY_VOID(file->seek_tail(*tail_lines));
  return std::shared_ptr<LogFile>(std::move(file));
}

struct Following {
  std::string path;
  std::function<bool()> running;  // the container
  std::shared_ptr<LogNews> news;
  uint64_t rotations_seen = 0;  // before the log was opened
};

class FileLogStream : public LogStream {
 public:
  FileLogStream(Loop& loop, std::shared_ptr<LogFile> file, LogText text, std::optional<Following> following)
      : loop_(loop),
        file_(std::move(file)),
        text_(std::move(text)),
        following_(std::move(following)),
        newest_inode_(file_->inode()),
        more_(loop),
        scope_(loop) {
    if (!following_) return;
    watch_ = std::make_unique<FileWatch>(loop, following_->path);
    scope_.spawn(tell_end(following_->news));
    scope_.spawn(keep_up(following_->news));
  }

  Task<std::optional<std::string>> next() override {
    while (!text_.limit_reached()) {
      more_.reset();
      if (watch_) watch_->drain();
      // Asked before reading: what a container wrote before its end, or before its log went on elsewhere, is in the file by then.
      const bool running = following_ && following_->running();
      const bool goes_on = !next_files_.empty();
      auto chunk = co_await on_pool(loop_, [file = file_] { return file->read_chunk(); });
      if (!chunk) {
        log_warning("log not read", "error", chunk.error().message);
        break;
      }
      std::string out;
      text_.feed(*chunk, out);
      if (!out.empty()) co_return out;
      if (!chunk->empty()) continue;
      if (goes_on) {
        file_ = std::move(next_files_.front());
        next_files_.pop_front();
        watch_ = std::make_unique<FileWatch>(loop_, following_->path);
        continue;
      }
      if (!running) break;
      watch_->arm(more_);
      co_await more_.wait();
    }
    co_return std::nullopt;
  }

 private:
  Task<void> tell_end(std::shared_ptr<LogNews> news) {
    while (true) {
      co_await news->ended.wait();
      more_.set();
    }
  }
  // Opens each file in which the log goes on while it has its name; what a slow client has not read yet stays readable so.
  Task<void> keep_up(std::shared_ptr<LogNews> news) {
    while (true) {
      if (following_->rotations_seen == news->rotations) co_await news->rotated.wait();
      following_->rotations_seen = news->rotations;
      auto opened = co_await on_pool(loop_, [path = following_->path] { return open_at(path, std::nullopt); });
      if (!opened || (*opened)->inode() == newest_inode_) continue;  // another container's
      newest_inode_ = (*opened)->inode();
      if (next_files_.size() == kFilesAheadMax) {
        log_warning("a client is too far behind a log, and misses some of it", "path", following_->path);
        next_files_.pop_front();
      }
      next_files_.push_back(*std::move(opened));
      more_.set();
    }
  }

  static constexpr size_t kFilesAheadMax = 8;

  Loop& loop_;
  std::shared_ptr<LogFile> file_;
  LogText text_;
  std::optional<Following> following_;
  uint64_t newest_inode_;
  std::deque<std::shared_ptr<LogFile>> next_files_;
  Event more_;
  std::unique_ptr<FileWatch> watch_;
  Scope scope_;  // last: destroyed first
};

LogText::Options text_options(const LogOptions& options, WallTime now) {
  LogText::Options text{.timestamps = options.timestamps, .since = options.since_time, .limit_bytes = options.limit_bytes};
  if (options.since_seconds) text.since = now - span_of_seconds(*options.since_seconds);
  return text;
}

}  // namespace

Result<int> choose_attempt(const corev1::Pod& pod, const LogOptions& options) {
  const std::string& name = options.container;
  const auto* status = find_container_status(pod.status(), name);
  if (status == nullptr) return fail(Reason::kBadRequest, in_pod(name, pod) + " is not available");
  const auto& last = status->laststate();
  const std::optional<int> last_attempt = last.has_terminated() ? attempt_of(last.terminated().containerid()) : std::nullopt;
  if (options.previous) {
    if (last_attempt) return *last_attempt;
    return fail(Reason::kBadRequest, "previous terminated " + in_pod(name, pod) + " not found");
  }
  if (status->state().has_running()) return attempt_of(status->containerid()).value_or(status->restartcount());
  if (status->state().has_terminated()) {
    if (auto attempt = attempt_of(status->state().terminated().containerid())) return *attempt;
  }
  if (last_attempt) return *last_attempt;
  if (status->state().has_terminated() || last.has_terminated()) return fail(Reason::kBadRequest, in_pod(name, pod) + " is terminated");
  const std::string& reason = status->state().waiting().reason();
  const std::string waiting = in_pod(name, pod) + " is waiting to start";
  if (reason == "ErrImagePull") return fail(Reason::kBadRequest, waiting + ": image can't be pulled");
  if (reason == "ImagePullBackOff") return fail(Reason::kBadRequest, waiting + ": trying and failing to pull image");
  return fail(Reason::kBadRequest, reason.empty() ? waiting + " - no logs yet" : waiting + ": " + reason);
}

NodeLogs::NodeLogs(Loop& loop, Client& client, std::string log_dir, std::function<bool(const std::string&)> running, bool absent_is_empty)
    : loop_(loop),
      client_(client),
      log_dir_(std::move(log_dir)),
      running_(std::move(running)),
      absent_is_empty_(absent_is_empty),
      news_(std::make_shared<LogNews>(loop)) {}

Task<Result<std::unique_ptr<LogStream>>> NodeLogs::open_log(std::string ns, std::string pod_name, LogOptions options) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  CO_TRY(options.container, choose_container(*pod, options.container));
  CO_TRY(const int attempt, choose_attempt(*pod, options));
  std::string path = PodPaths("", log_dir_, *pod).container_log(options.container, attempt);
  if (absent_is_empty_ && !std::filesystem::exists(path)) path = "/dev/null";
  const std::string id = container_id(pod->metadata().uid(), options.container, attempt);
  const uint64_t rotations_seen = news_->rotations;
  CO_TRY(auto file, co_await open(path, options.tail_lines, id));
  std::optional<Following> following;
  if (options.follow) following = {path, [running = running_, id] { return running(id); }, news_, rotations_seen};
  co_return std::make_unique<FileLogStream>(loop_, std::move(file), LogText(text_options(options, loop_.now())), std::move(following));
}

// In the middle of a rotation a log has no file for a moment.
Task<Result<std::shared_ptr<LogFile>>> NodeLogs::open(std::string path, std::optional<int64_t> tail_lines, std::string id) {
  for (int looks = 1;; ++looks) {
    auto opened = co_await on_pool(loop_, [path, tail_lines] { return open_at(path, tail_lines); });
    const bool may_come = !opened && opened.error().reason == Reason::kNotFound && running_(id);
    if (!may_come || looks == kLooksMax) co_return opened;
    co_await sleep_for(loop_, kLookAgain);
  }
}

}  // namespace stint
