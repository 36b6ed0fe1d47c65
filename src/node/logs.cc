#include "node/logs.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/log.h"
#include "node/container_config.h"
#include "node/cri_log.h"
#include "node/log_file.h"
#include "node/phase.h"
#include "node/pod_files.h"

namespace stint {
namespace {

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

Task<void> pass_on(std::shared_ptr<Event> from, Event* to) {
  while (true) {
    co_await from->wait();
    to->set();
  }
}

class FileLogStream : public LogStream {
 public:
  // `running` is null unless the log is followed.
  FileLogStream(Loop& loop, std::shared_ptr<LogFile> file, const std::string& path, LogText text, std::function<bool()> running,
                std::shared_ptr<Event> ended)
      : loop_(loop), file_(std::move(file)), text_(std::move(text)), running_(std::move(running)), more_(loop), scope_(loop) {
    if (!running_) return;
    watch_ = std::make_unique<FileWatch>(loop, path);
    scope_.spawn(pass_on(std::move(ended), &more_));
  }

  Task<std::optional<std::string>> next() override {
    while (!text_.limit_reached()) {
      more_.reset();
      if (watch_) watch_->drain();
      // Asked before reading: what a container wrote before its end is in the file by then.
      const bool running = running_ && running_();
      auto chunk = co_await on_pool(loop_, [file = file_] { return file->read_chunk(); });
      if (!chunk) {
        log_warning("log not read", "error", chunk.error().message);
        break;
      }
      std::string out;
      text_.feed(*chunk, out);
      if (!out.empty()) co_return out;
      if (!chunk->empty()) continue;
      if (!running) break;
      watch_->arm(more_);
      co_await more_.wait();
    }
    co_return std::nullopt;
  }

 private:
  Loop& loop_;
  std::shared_ptr<LogFile> file_;
  LogText text_;
  std::function<bool()> running_;
  Event more_;
  std::unique_ptr<FileWatch> watch_;
  Scope scope_;
};

Result<std::shared_ptr<LogFile>> open_at(const std::string& path, std::optional<int64_t> tail_lines) {
  TRY(auto file, LogFile::open(path));
  if (tail_lines) TRY_VOID(file->seek_tail(*tail_lines));
  return std::shared_ptr<LogFile>(std::move(file));
}

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
      ended_(std::make_shared<Event>(loop)) {}

Task<Result<std::unique_ptr<LogStream>>> NodeLogs::open_log(std::string ns, std::string pod_name, LogOptions options) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  CO_TRY(options.container, choose_container(*pod, options.container));
  CO_TRY(const int attempt, choose_attempt(*pod, options));
  std::string path = PodPaths("", log_dir_, *pod).container_log(options.container, attempt);
  if (absent_is_empty_ && !std::filesystem::exists(path)) path = "/dev/null";
  auto opened = co_await on_pool(loop_, [path, tail = options.tail_lines] { return open_at(path, tail); });
  if (!opened) co_return std::unexpected(std::move(opened).error());
  std::function<bool()> running;
  if (options.follow)
    running = [running = running_, id = container_id(pod->metadata().uid(), options.container, attempt)] { return running(id); };
  co_return std::make_unique<FileLogStream>(loop_, *std::move(opened), path, LogText(text_options(options, loop_.now())),
                                            std::move(running), ended_);
}

}  // namespace stint
