#include "os/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "base/crash_point.h"
#include "os/pidfd.h"

namespace stint::os {
namespace {

constexpr size_t kChildStackBytes = 256 * 1024;

// Everything the child needs between clone and exec, prepared before: it shares our memory and must not allocate. What went wrong is
// told the same way.
struct ChildPlan {
  std::vector<char*> args, env;
  const char* working_dir = nullptr;
  const std::vector<int>* inherit = nullptr;
  const PrivateMounts* private_mounts = nullptr;
  std::optional<PreparedOverlay> overlay;
  int in = -1, out = -1, err = -1;
  bool leads_terminal = false;

  const char* failed_step = nullptr;
  int failed_errno = 0;
};

bool failed_at(ChildPlan& plan, const char* step, int code) {
  plan.failed_step = step;
  plan.failed_errno = code;
  return false;
}

bool enter_private_mounts(ChildPlan& plan) {
  if (plan.private_mounts == nullptr) return true;
  if (unshare(CLONE_NEWNS) != 0) return failed_at(plan, "unshare mounts", errno);
  // Slave, not private: where the host shares its mounts, an unmount there still reaches us, so that we pin nothing.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return failed_at(plan, "make mounts private", errno);
  for (const std::string& target : plan.private_mounts->unmount) {
    if (umount2(target.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT) return failed_at(plan, "unmount", errno);
  }
  if (!plan.overlay) return true;
  const int code = plan.overlay->mount_raw();
  return code == 0 || failed_at(plan, "mount overlay", code);
}

bool set_up_descriptors(ChildPlan& plan) {
  if (dup2(plan.in, STDIN_FILENO) < 0 || dup2(plan.out, STDOUT_FILENO) < 0 || dup2(plan.err, STDERR_FILENO) < 0) {
    return failed_at(plan, "redirect", errno);
  }
  if (plan.leads_terminal && (setsid() < 0 || ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0)) return failed_at(plan, "take terminal", errno);
  // Not every library opens its descriptors close-on-exec, and a listening socket that a container's monitor kept would hold its port for
  // days.
  if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0) return failed_at(plan, "keep descriptors back", errno);
  for (const int fd : *plan.inherit) {
    if (fcntl(fd, F_SETFD, 0) != 0) return failed_at(plan, "inherit descriptor", errno);
  }
  return true;
}

int child_main(void* argument) {
  auto& plan = *static_cast<ChildPlan*>(argument);
  struct sigaction normal{};
  normal.sa_handler = SIG_DFL;
  // Ignored signals and the mask survive exec; a program expects neither.
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &normal, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!set_up_descriptors(plan) || !enter_private_mounts(plan)) _exit(127);
  if (plan.working_dir != nullptr && chdir(plan.working_dir) != 0) {
    failed_at(plan, "chdir", errno);
    _exit(127);
  }
  execve(plan.args[0], plan.args.data(), plan.env.data());
  failed_at(plan, "execute", errno);
  _exit(127);
}

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string words_of(const std::vector<char*>& args) {
  std::string words;
  for (size_t i = 0; i + 1 < args.size(); ++i) words += (i == 0 ? "" : " ") + std::string(args[i]);
  return words;
}

// vfork semantics on a stack of its own: we stand still until the child has executed or ended, and no page table is copied.
Result<Child> clone_child(ChildPlan& plan, Descriptor out, Descriptor err) {
  void* stack = mmap(nullptr, kChildStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return fail(errno_error("child stack", errno));
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);  // no handler of ours may run in the child
  int pidfd = -1;
  const pid_t pid =
      clone(child_main, static_cast<char*>(stack) + kChildStackBytes, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
  const int code = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  munmap(stack, kChildStackBytes);
  if (pid < 0) return fail(errno_error("clone", code));
  Child child(pid, Descriptor(pidfd), std::move(out), std::move(err));
  if (plan.failed_step != nullptr) {
    return fail(errno_error(std::string(plan.args[0]) + ": " + plan.failed_step, plan.failed_errno));
  }
  crash_point("started", words_of(plan.args));
  return child;
}

Task<void> collect(Loop& loop, int fd, std::string* text) {
  for (bool end = false; !end;) {
    co_await readable(loop, fd);
    auto bytes = read_available(fd, kOutputBytesMax, &end);
    if (!bytes) co_return;
    text->append(*bytes, 0, kOutputBytesMax - std::min(kOutputBytesMax, text->size()));
  }
}

Task<Result<ProcessResult>> finish(Loop& loop, Child child) {
  ProcessResult result;
  std::vector<Task<void>> streams;
  streams.push_back(collect(loop, child.out(), &result.out));
  streams.push_back(collect(loop, child.err(), &result.err));
  co_await when_all(loop, std::move(streams));
  co_await exited(loop, child.pidfd());
  CO_TRY(result.exit_code, child.wait());
  co_return result;
}

}  // namespace

Child::~Child() {
  if (!pidfd_) return;
  if (auto sent = signal_pidfd(pidfd_.get(), SIGKILL); !sent) return;
  siginfo_t info;
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

Result<int> Child::wait() {
  siginfo_t info{};
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) {
    if (errno != EINTR) return fail(errno_error("wait for process", errno));
  }
  pidfd_.reset();
  crash_point("ended", std::to_string(pid_));
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

Result<Child> spawn(const Command& command) {
  TRY(Descriptor null, open_path("/dev/null", O_RDWR));
  Pipe out, err;
  ChildPlan plan;
  plan.leads_terminal = command.terminal >= 0;
  if (plan.leads_terminal) {
    plan.in = plan.out = plan.err = command.terminal;
  } else {
    TRY(out, make_pipe());
    TRY(err, make_pipe());
    plan.in = command.input >= 0 ? command.input : null.get();
    plan.out = out.write_end.get();
    plan.err = err.write_end.get();
  }
  plan.args = c_strings(command.args);
  plan.env = c_strings(command.env);
  if (!command.working_dir.empty()) plan.working_dir = command.working_dir.c_str();
  plan.inherit = &command.inherit;
  if (command.private_mounts) {
    plan.private_mounts = &*command.private_mounts;
    if (command.private_mounts->overlay) plan.overlay.emplace(*command.private_mounts->overlay);
  }
  return clone_child(plan, std::move(out.read_end), std::move(err.read_end));
}

Task<Result<ProcessResult>> run(Loop& loop, Command command, Duration limit) {
  const std::string program = command.args[0];
  auto child = co_await on_pool(loop, [command = std::move(command)] { return spawn(command); });
  if (!child) co_return std::unexpected(std::move(child).error());
  auto result = co_await with_timeout(loop, limit, finish(loop, std::move(*child)));
  if (!result) co_return fail(Reason::kTimeout, program + " took too long and was killed");
  co_return *std::move(result);
}

Result<std::string> find_program(const std::string& name) {
  if (name.starts_with("/")) {
    if (access(name.c_str(), X_OK) == 0) return name;
    return fail(Reason::kNotFound, name + " cannot be executed");
  }
  const char* path = getenv("PATH");
  const std::string directories =
      std::string(path != nullptr ? path : "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
  for (size_t at = 0; at < directories.size();) {
    const size_t end = std::min(directories.find(':', at), directories.size());
    std::string candidate = directories.substr(at, end - at) + "/" + name;
    if (end > at && candidate[0] == '/' && access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return fail(Reason::kNotFound, name + " is not installed (looked in PATH and the system directories)");
}

}  // namespace stint::os
