#include "runtime/crun/exec_session.h"

#include <sys/mman.h>

#include <cerrno>

#include "api/json.h"
#include "os/file.h"
#include "os/pidfd.h"
#include "os/terminal.h"

namespace stint::crun {
namespace {

constexpr size_t kPieceBytesMax = 32 * 1024;
constexpr size_t kConfigBytesMax = 4 * 1024 * 1024;

struct Streams {
  os::Child child;
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
  return Streams{std::move(child), std::move(input), std::move(terminal)};
}

class ProcessSession final : public ExecSession {
 public:
  ProcessSession(Loop& loop, Streams streams) : loop_(loop), streams_(std::move(streams)) {}

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
    co_return streams_.child.wait();
  }

 private:
  Loop& loop_;
  Streams streams_;
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
