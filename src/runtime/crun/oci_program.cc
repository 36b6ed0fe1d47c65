#include "runtime/crun/oci_program.h"

#include <unistd.h>

#include "api/json.h"
#include "runtime/crun/exec_session.h"

namespace stint::crun {
namespace {

constexpr Duration kCallLimit = std::chrono::seconds(60);
constexpr size_t kAnswerBytesMax = 64 * 1024;

struct Conmon {
  os::Child child;
  os::Descriptor answer;
};

// One JSON line: {"pid": N}, or a pid below 0 with the runtime's words.
Result<void> read_answer(const std::string& text) {
  auto parsed = json::parse(text);
  if (!parsed) return fail(Reason::kInternalError, "conmon answered: " + text);
  const json::Value* pid = parsed->find("pid");
  if (pid == nullptr) pid = parsed->find("data");
  if (pid != nullptr && pid->is_int() && pid->as_int() > 0) return {};
  std::string message(parsed->string_at("message"));
  while (message.ends_with('\n')) message.pop_back();
  return fail(Reason::kInternalError, message.empty() ? "the container could not be created" : message);
}

Task<std::string> read_line(Loop& loop, int fd) {
  std::string text;
  for (bool end = false; !end && text.find('\n') == std::string::npos && text.size() < kAnswerBytesMax;) {
    co_await readable(loop, fd);
    auto bytes = os::read_available(fd, kAnswerBytesMax, &end);
    if (!bytes) break;
    text += *bytes;
  }
  co_return text;
}

// The words of the runtime, without the decoration of a log line: `2026-…: error: …`.
std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  const size_t at = text.rfind('\n');
  return at == std::string::npos ? text : text.substr(at + 1);
}

Task<Result<void>> wait_for_answer(Loop& loop, Conmon conmon) {
  const std::string line = co_await read_line(loop, conmon.answer.get());
  if (line.empty()) {
    bool end = false;
    const auto words = os::read_available(conmon.child.err(), kAnswerBytesMax, &end);
    co_return fail(Reason::kInternalError, "conmon ended without an answer: " + last_line(words.value_or("")));
  }
  // The first conmon process ends once the second one is on its own.
  co_await os::exited(loop, conmon.child.pidfd());
  CO_TRY_VOID(conmon.child.wait());
  co_return read_answer(line);
}

}  // namespace

Result<OciProgram> OciProgram::find(const std::string& name, Paths paths, std::string hybrid_mount) {
  TRY(std::string runtime, os::find_program(name));
  TRY(std::string conmon, os::find_program("conmon"));
  return OciProgram(std::move(runtime), std::move(conmon), std::move(paths), std::move(hybrid_mount));
}

Result<std::string> OciProgram::version() const {
  TRY(os::Child child, os::spawn(command({runtime_, "--version"})));
  TRY(const int code, child.wait());
  bool end = false;
  TRY(const std::string text, os::read_available(child.out(), kAnswerBytesMax, &end));
  // "crun version 1.8.1\ncommit: …"
  const size_t at = text.find("version ");
  if (code != 0 || at == std::string::npos) return fail(Reason::kInternalError, runtime_ + " --version answered: " + text);
  const size_t begin = at + 8;
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

os::Command OciProgram::command(std::vector<std::string> args) const {
  os::Command command{.args = std::move(args), .env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  if (!hybrid_mount_.empty()) command.private_mounts = os::PrivateMounts{.unmount = {hybrid_mount_}, .overlay = {}};
  return command;
}

os::Command OciProgram::conmon_command(const Launch& launch, int sync_fd) const {
  const std::string& id = launch.id;
  // Without a directory for its sockets conmon 2.1 ends without a word.
  os::Command conmon = command({conmon_,
                                "--api-version",
                                "1",
                                "-c",
                                id,
                                "-u",
                                id,
                                "-n",
                                id,
                                "-r",
                                runtime_,
                                "-b",
                                paths_.bundle(id),
                                "-p",
                                paths_.pid_file(id),
                                "-P",
                                paths_.conmon_pid_file(id),
                                "-l",
                                "k8s-file:" + launch.log_path,
                                "--exit-dir",
                                paths_.exits(),
                                "--socket-dir-path",
                                paths_.sockets(),
                                "--runtime-arg",
                                "--root=" + paths_.oci(),
                                "--full-attach",
                                "--log-level",
                                "error"});
  conmon.working_dir = paths_.bundle(id);  // where it leaves a note about want of memory
  // A terminal takes input as it is, and never ends it.
  if (launch.tty) conmon.args.emplace_back("-t");
  if (launch.stdin_open && !launch.tty) conmon.args.emplace_back("-i");
  if (launch.stdin_open && !launch.tty && !launch.stdin_once) conmon.args.emplace_back("--leave-stdin-open");
  conmon.env.push_back("_OCI_SYNCPIPE=" + std::to_string(sync_fd));
  conmon.inherit = {sync_fd};
  if (!conmon.private_mounts) conmon.private_mounts.emplace();
  conmon.private_mounts->overlay = launch.root;
  return conmon;
}

Task<Result<void>> OciProgram::create(Loop& loop, Launch launch) const {
  const std::string id = launch.id;
  auto spawned = co_await on_pool(loop, [self = *this, launch = std::move(launch)]() -> Result<Conmon> {
    TRY(os::Pipe pipe, os::make_pipe());
    TRY(os::Child child, os::spawn(self.conmon_command(launch, pipe.write_end.get())));
    return Conmon{std::move(child), std::move(pipe.read_end)};
  });
  if (!spawned) co_return std::unexpected(std::move(spawned).error());
  auto answered = co_await with_timeout(loop, kCallLimit, wait_for_answer(loop, *std::move(spawned)));
  if (!answered) co_return fail(Reason::kTimeout, "the container was not created within a minute");
  co_return *std::move(answered);
}

Task<Result<void>> OciProgram::run_runtime(Loop& loop, std::vector<std::string> args) const {
  std::vector<std::string> words{runtime_, "--root=" + paths_.oci()};
  words.insert(words.end(), std::make_move_iterator(args.begin()), std::make_move_iterator(args.end()));
  CO_TRY(const os::ProcessResult result, co_await os::run(loop, command(std::move(words)), kCallLimit));
  if (result.exit_code != 0) co_return fail(Reason::kInternalError, last_line(result.err));
  co_return Result<void>{};
}

Task<Result<void>> OciProgram::start(Loop& loop, std::string id) const {
  std::vector<std::string> args{"start", std::move(id)};
  co_return co_await run_runtime(loop, std::move(args));
}

Task<Result<std::unique_ptr<ExecSession>>> OciProgram::exec(Loop& loop, std::string id, ExecOptions options) const {
  const std::string config = paths_.bundle(id) + "/config.json";
  co_return co_await start_exec(loop, command({runtime_, "--root=" + paths_.oci(), "exec"}), std::move(id), config, std::move(options));
}

Task<Result<void>> OciProgram::remove(Loop& loop, std::string id) const {
  if (access((paths_.oci() + "/" + id).c_str(), F_OK) != 0) co_return Result<void>{};
  std::vector<std::string> args{"delete", "--force", std::move(id)};
  co_return co_await run_runtime(loop, std::move(args));
}

}  // namespace stint::crun
