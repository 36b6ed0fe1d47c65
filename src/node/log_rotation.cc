#include "node/log_rotation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>

#include "base/log.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr std::string_view kCompressed = ".gz", kHalfMade = ".tmp";
constexpr size_t kPieceBytes = 64 * 1024;

struct Candidate {
  std::string container_id;
  std::string pod_uid, container;
  int attempt = 0;
};
struct Oversized {
  std::string container_id, path;
};

std::string moved_name(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, ".%Y%m%d-%H%M%S", &parts);
  return text;
}

// Directories of pods end with the pod's uid.
std::vector<Oversized> find_oversized(const std::string& log_dir, const std::vector<Candidate>& running, int64_t bytes_max) {
  std::map<std::string, std::string> dirs;
  for (const std::string& name : os::list_directory(log_dir).value_or(std::vector<std::string>())) {
    dirs[name.substr(name.rfind('_') + 1)] = log_dir + "/" + name;
  }
  std::vector<Oversized> found;
  for (const Candidate& one : running) {
    const auto dir = dirs.find(one.pod_uid);
    if (dir == dirs.end()) continue;
    std::string path = dir->second + "/" + one.container + "/" + std::to_string(one.attempt) + ".log";
    struct stat info{};
    if (stat(path.c_str(), &info) == 0 && info.st_size >= bytes_max) found.push_back({one.container_id, std::move(path)});
  }
  return found;
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(errno_error("rename " + from, errno));
}

Result<void> gzip_into(const std::string& from, const std::string& to) {
  TRY(const os::Descriptor in, os::open_path(from, O_RDONLY));
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> out(gzopen(to.c_str(), "wb1"), gzclose);  // fast: it takes the processor from containers
  if (!out) return fail(errno_error("make " + to, errno));
  for (bool end = false; !end;) {
    TRY(const std::string piece, os::read_available(in.get(), kPieceBytes, &end));
    if (!piece.empty() && gzwrite(out.get(), piece.data(), static_cast<unsigned>(piece.size())) == 0)
      return fail(Reason::kInternalError, "write " + to + ": no room");
  }
  if (gzflush(out.get(), Z_FINISH) != Z_OK) return fail(Reason::kInternalError, "write " + to + ": no room");
  return {};
}

// The gzipped one is there as a whole or not at all.
Result<void> compress(const std::string& path) {
  const std::string half = path + std::string(kHalfMade);
  auto made = gzip_into(path, half);
  if (made) made = rename_file(half, path + std::string(kCompressed));
  if (!made) {
    std::remove(half.c_str());
    return made;
  }
  return os::remove_tree(path);
}

// Where the log was moved to.
Result<std::string> move_aside(const std::string& path, int files_max, WallTime now) {
  const std::filesystem::path log(path);
  const std::string dir = log.parent_path().string() + "/";
  TRY(std::vector<std::string> names, os::list_directory(log.parent_path()));
  const RotationPlan plan = plan_rotation(log.filename(), std::move(names), files_max);
  for (const std::string& name : plan.remove) TRY_VOID(os::remove_tree(dir + name));
  for (const std::string& name : plan.compress) {
    if (auto done = compress(dir + name); !done) log_warning("log not compressed", "file", name, "error", done.error().message);
  }
  std::string to = path + moved_name(now);
  if (std::filesystem::exists(to)) return fail(Reason::kConflict, to + " is there already");
  TRY_VOID(rename_file(path, to));
  return to;
}

// Unless the runtime has gone on after all.
void move_back(const std::string& moved, const std::string& path) {
  if (std::filesystem::exists(path)) return;
  if (auto back = rename_file(moved, path); !back) log_warning("log not moved back", "error", back.error().message);
}

}  // namespace

RotationPlan plan_rotation(const std::string& log_name, std::vector<std::string> names, int files_max) {
  RotationPlan plan;
  std::ranges::sort(names);
  std::vector<std::string> whole;
  for (const std::string& name : names) {
    if (!name.starts_with(log_name + ".")) continue;
    // Half made in an earlier life; or gzipped whole, but the other one was not removed any more.
    const bool is_twin = std::ranges::binary_search(names, name + std::string(kCompressed));
    (name.ends_with(kHalfMade) || is_twin ? plan.remove : whole).push_back(name);
  }
  // Beside these there will be the one being written and the one moved aside now.
  const auto kept_max = static_cast<size_t>(std::max(0, files_max - 2));
  const size_t surplus = whole.size() > kept_max ? whole.size() - kept_max : 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i < surplus) plan.remove.push_back(whole[i]);
    if (i >= surplus && !whole[i].ends_with(kCompressed)) plan.compress.push_back(whole[i]);
  }
  return plan;
}

LogRotator::LogRotator(Loop& loop, Runtime& runtime, std::string log_dir, LogLimits limits, std::function<void()> rotated)
    : loop_(loop), runtime_(runtime), log_dir_(std::move(log_dir)), limits_(limits), rotated_(std::move(rotated)) {}

Task<void> LogRotator::run() {
  while (true) {
    co_await sleep_for(loop_, limits_.interval);
    co_await rotate_all();
  }
}

Task<void> LogRotator::rotate_all() {
  std::vector<Candidate> running;
  for (const ContainerStatus& status : runtime_.list_containers()) {
    if (status.state == ContainerState::kRunning) running.push_back({status.id, status.sandbox_id, status.name, status.attempt});
  }
  if (running.empty()) co_return;
  const auto found = co_await on_pool(loop_, [log_dir = log_dir_, running = std::move(running), bytes_max = limits_.bytes_max] {
    return find_oversized(log_dir, running, bytes_max);
  });
  for (const Oversized& one : found) co_await rotate(one.container_id, one.path);
}

Task<void> LogRotator::rotate(std::string container_id, std::string path) {
  const auto moved =
      co_await on_pool(loop_, [path, files_max = limits_.files_max, now = loop_.now()] { return move_aside(path, files_max, now); });
  if (!moved) {
    log_warning("log not rotated", "path", path, "error", moved.error().message);
    co_return;
  }
  const auto reopened = co_await runtime_.reopen_log(container_id);
  if (reopened) co_return rotated_();
  // It has ended meanwhile: its log is to be found where it was.
  if (reopened.error().reason != Reason::kNotFound) log_warning("log not reopened", "path", path, "error", reopened.error().message);
  co_await on_pool(loop_, [moved = *moved, path] { move_back(moved, path); });
}

}  // namespace stint
