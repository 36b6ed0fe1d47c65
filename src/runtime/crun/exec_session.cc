#include "runtime/crun/exec_session.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "api/json.h"
#include "base/log.h"
#include "os/file.h"
#include "os/pidfd.h"
#include "os/terminal.h"
#include "runtime/crun/records.h"

namespace stint::crun {
namespace {

constexpr size_t kPieceBytesMax = 32 * 1024;
constexpr size_t kConfigBytesMax = 4 * 1024 * 1024;

struct Streams {
  os::Child child;
  std::string pid_path;     // of the command: the runtime writes it once it was executed
  os::Descriptor input;     // not there: closed
  os::Descriptor terminal;  // instead of pipes
};

// The user, the groups, the environment, the capabilities and the limits are the container's.
Result<os::Descriptor> process_file(const std::string& config_path, const ExecOptions& options) {
  TRY(const std::string text, os::read_file(config_path, kConfigBytesMax));
  TRY(const json::Value config, json::parse(text));
  const json::Value* process = config.find("process");
  if (process == nullptr) return fail(Reason::kInternalError, config_path + " has no process");
  json::Members members = process->as_object();
  members["args"] = json::Array(options.command.begin(), options.command.end());
  members["terminal"] = options.tty;
  os::Descriptor file(memfd_create("process.json", MFD_CLOEXEC));
  if (!file) return fail(errno_error("memfd", errno));
  TRY_VOID(os::write_all(file.get(), json::to_text(std::move(members))));
  return file;
}

Result<Streams> spawn_with_streams(os::Command command, const std::string& container_id, const std::string& config_path,
                                   const ExecOptions& options) {
  TRY(const os::Descriptor process, process_file(config_path, options));
  static std::atomic<uint64_t> count{0};
  const std::string bundle = std::filesystem::path(config_path).parent_path();
  const std::string pid_path = bundle + "/exec" + std::to_string(getpid()) + "." + std::to_string(++count);
  command.args.push_back("--pid-file=" + pid_path);
  command.inherit = {process.get()};
  if (options.tty) command.args.emplace_back("--tty");
  for (std::string word : {"--process=/proc/self/fd/" + std::to_string(process.get()), container_id})
    command.args.push_back(std::move(word));
  os::Descriptor input, terminal, theirs;
  if (options.tty) {
    TRY(os::Terminal made, os::open_terminal());
    terminal = std::move(made.master);
    theirs = std::move(made.slave);
    command.terminal = theirs.get();
  } else if (options.in) {
    TRY(os::Pipe pipe, os::make_input_pipe());
    input = std::move(pipe.write_end);
    theirs = std::move(pipe.read_end);
    command.input = theirs.get();
  }
  TRY(os::Child child, os::spawn(command));
  return Streams{std::move(child), pid_path, std::move(input), std::move(terminal)};
}

class ProcessSession final : public ExecSession {
 public:
  ProcessSession(Loop& loop, Streams streams) : loop_(loop), streams_(std::move(streams)) {}
  ~ProcessSession() override { unlink(streams_.pid_path.c_str()); }

  Task<std::string> read(Stream stream) override {
    if (streams_.terminal && stream == Stream::kErr) co_return "";
    const int fd = streams_.terminal ? streams_.terminal.get() : stream == Stream::kOut ? streams_.child.out() : streams_.child.err();
    while (true) {
      co_await readable(loop_, fd);
      bool end = false;
      auto bytes = os::read_available(fd, kPieceBytesMax, &end);
      if (!bytes) co_return "";  // how a terminal says that its last program has ended
      if (!bytes->empty() || end) co_return *std::move(bytes);
    }
  }

  Task<bool> write(std::string bytes) override {
    const int fd = streams_.terminal ? streams_.terminal.get() : streams_.input.get();
    if (fd < 0) co_return false;
    for (size_t at = 0; at < bytes.size();) {
      const auto taken = os::write_available(fd, std::string_view(bytes).substr(at));
      if (!taken) co_return false;
      at += *taken;
      if (*taken > 0) continue;
      const auto room = os::writable_signal(fd);
      if (!room) co_return false;
      co_await readable(loop_, room->get());
    }
    co_return true;
  }

  void end_input() override { streams_.input.reset(); }

  void resize(int columns, int rows) override {
    if (streams_.terminal) static_cast<void>(os::set_terminal_size(streams_.terminal.get(), columns, rows));
  }

  Task<Result<int>> wait() override {
    co_await os::exited(loop_, streams_.child.pidfd());
    began_ = access(streams_.pid_path.c_str(), F_OK) == 0;
    co_return streams_.child.wait();
  }

  bool began() const override { return began_; }

  // The runtime's program, which waits for the command, keeps its number from being another's; so its child it must be.
  void kill() override {
    const auto command = process_of_pid_file(streams_.pid_path);
    if (!command) return;
    const auto process = open_process(*command);
    if (!process || os::parent_of(command->pid).value_or(0) != streams_.child.pid()) return;
    if (auto sent = os::signal_pidfd(process->get(), SIGKILL); !sent)
      log_warning("command not killed", "pid", command->pid, "error", sent.error().message);
  }

 private:
  Loop& loop_;
  Streams streams_;
  bool began_ = false;
};

}  // namespace

Task<Result<std::unique_ptr<ExecSession>>> start_exec(Loop& loop, os::Command exec, std::string container_id, std::string config_path,
                                                      ExecOptions options) {
  auto spawned = co_await on_pool(
      loop, [exec = std::move(exec), container_id = std::move(container_id), config_path = std::move(config_path),
             options = std::move(options)]() mutable { return spawn_with_streams(std::move(exec), container_id, config_path, options); });
  if (!spawned) co_return std::unexpected(std::move(spawned).error());
  co_return std::make_unique<ProcessSession>(loop, *std::move(spawned));
}

}  // namespace stint::crun
