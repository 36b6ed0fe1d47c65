#include "os/process_holder.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace stint::os {
namespace {

constexpr uid_t kNobody = 65535;  // as upstream's pause image has it
constexpr char kTitle[] = "/pause";
constexpr char kName[] = "pause";

int complain(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  return 1;
}

bool enter_group(const char* procs_file) {
  const int file = open(procs_file, O_WRONLY | O_CLOEXEC);
  const bool entered = file >= 0 && write(file, "0", 1) == 1;
  if (file >= 0) close(file);
  return entered;
}

// Containers of the pod see this process in /proc, so its root must lead nowhere.
bool leave_files() {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555") != 0) return false;
  if (chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return false;
  // The old root lies over the new one now.
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return false;
  return mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

bool leave_rights() {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) return false;
  // Nobody looks into it, whoever it seems to be.
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void set_title(int argc, char** argv) {
  char* const end = argv[argc - 1] + std::strlen(argv[argc - 1]);
  const auto room = static_cast<size_t>(end - argv[0]);
  std::memset(argv[0], 0, room);
  std::memcpy(argv[0], kTitle, std::min(room, sizeof kTitle - 1));
  prctl(PR_SET_NAME, kName, 0, 0, 0);
}

// The first process of the namespace. `ready` is told when nothing is left to go wrong.
[[noreturn]] void be_first(int ready, int argc, char** argv) {
  setsid();
  signal(SIGCHLD, SIG_IGN);  // orphans that end are gone at once
  if (!leave_files()) _exit(complain("leave the file system"));
  if (!leave_rights()) _exit(complain("give up rights"));
  set_title(argc, argv);
  if (write(ready, "", 1) != 1) _exit(1);
  syscall(SYS_close_range, 0u, ~0u, 0u);
  while (true) pause();
}

}  // namespace

Command process_holder_command(const std::vector<std::string>& procs_files) {
  Command command{.args = {"/proc/self/exe", kProcessHolderVerb}};
  command.args.insert(command.args.end(), procs_files.begin(), procs_files.end());
  return command;
}

// The name is the last thing that it takes; who made it waits under another, in the namespaces of the host.
std::optional<int> find_process_holder(const std::vector<int>& processes) {
  for (const int pid : processes) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    if (std::getline(file, name) && name == kName) return pid;
  }
  return std::nullopt;
}

int hold_processes(int argc, char** argv) {
  for (int i = 2; i < argc; ++i)
    if (!enter_group(argv[i])) return complain(argv[i]);
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return complain("pipe");
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return complain("unshare");
  const pid_t first = fork();
  if (first < 0) return complain("fork");
  if (first == 0) be_first(ready[1], argc, argv);
  close(ready[1]);
  char told = 1;
  return read(ready[0], &told, 1) == 1 ? 0 : 1;
}

}  // namespace stint::os
