// What real containers may do, and what they may use, on this machine's kernel.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>

#include "os/cgroup.h"
#include "os/devices.h"
#include "runtime/crun/records.h"
#include "runtime/runtime_fixture.h"

namespace stint {
namespace {

using testing::HasSubstr;
using testing::Not;

class CrunSecurity : public RuntimeFixture {
 protected:
  void SetUp() override {
    open("crun");
    if (HasFatalFailure()) return;
    auto made = run(runtime_->create_sandbox(sandbox("pod1")));
    ASSERT_TRUE(made) << made.error().message;
  }
  std::string output_of(ContainerConfig config) {
    const std::string id = config.id;
    const ContainerStatus status = play(std::move(config));
    EXPECT_EQ(status.exit_code, 0) << status.message << log_of(id);
    return log_of(id);
  }
  std::string cgroup_text(std::string_view controller, const std::string& group, std::string_view file) const {
    const os::CgroupTree tree = os::CgroupTree::detect().value();
    const std::string parent = tree.version() == os::CgroupVersion::kV2 ? "" : std::string(controller) + "/";
    const std::string root = "stint-" + std::filesystem::path(run_dir()).filename().string();
    std::ifstream in("/sys/fs/cgroup/" + parent + root + "/" + group + "/" + std::string(file));
    std::string text;
    std::getline(in, text);
    return text;
  }
  crun::ContainerRecord record_of(const std::string& id) const {
    return crun::read_container(crun::Paths(run_dir(), dir_ + "/data"), id).value();
  }
};

// Neither gone nor waiting to be reaped.
bool runs(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const size_t end = text.rfind(')');
  return end != std::string::npos && text[end + 2] != 'Z' && text[end + 2] != 'X';
}

constexpr const char* kSeccompState = "/bin/busybox grep Seccomp: /proc/self/status";

TEST_F(CrunSecurity, FiltersSystemCallsUnlessToldNotTo) {
  EXPECT_THAT(output_of(shell("pod1", kSeccompState)), HasSubstr("Seccomp:\t2"));
  ContainerConfig config = shell("pod1", kSeccompState, 1);
  config.seccomp.kind = SeccompChoice::Kind::kUnconfined;
  EXPECT_THAT(output_of(config), HasSubstr("Seccomp:\t0"));
}

TEST_F(CrunSecurity, AProfileOfTheMachinesOwnIsKeptTo) {
  const std::string path = dir_ + "/profile.json";
  std::ofstream(path) << R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]})";
  ContainerConfig config = shell("pod1", "/bin/busybox mkdir /tmp/a 2>&1 || echo refused");
  config.seccomp = {.kind = SeccompChoice::Kind::kLocalhost, .path = path};
  EXPECT_THAT(output_of(config), HasSubstr("F refused\n"));
  config = shell("pod1", "true", 1);
  config.seccomp = {.kind = SeccompChoice::Kind::kLocalhost, .path = path + ".absent"};
  const auto started = run(runtime_->start_container(config));
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("cannot load seccomp profile \"" + path + ".absent\""));
}

TEST_F(CrunSecurity, StrictGroupsLeaveOutTheImages) {
  ContainerConfig config = shell("pod1", "id -G");
  config.user = "worker";
  config.supplemental_groups = {500};
  config.image_groups = false;
  EXPECT_THAT(output_of(config), HasSubstr("F 1235 500\n"));
}

TEST_F(CrunSecurity, ThePrivilegedHaveTheDevicesOfThisMachine) {
  const auto devices = os::host_devices();
  ASSERT_TRUE(devices) << devices.error().message;
  ASSERT_FALSE(devices->empty());
  const std::string path = devices->back().path;
  const std::string script = "test -e " + path + " && echo there; true";
  ContainerConfig config = shell("pod1", script);
  config.privileged = true;
  EXPECT_THAT(output_of(config), HasSubstr("F there\n"));
}

TEST_F(CrunSecurity, MasksWhatProcTellsUnlessToldNotTo) {
  const std::string script = "/bin/busybox grep -c ' /proc/' /proc/self/mounts; true";
  EXPECT_THAT(output_of(shell("pod1", script)), Not(HasSubstr("F 0\n")));
  ContainerConfig config = shell("pod1", script, 1);
  config.unmasked_proc = true;
  EXPECT_THAT(output_of(config), HasSubstr("F 0\n"));
}

TEST_F(CrunSecurity, ThePodOfTheHostsProcessesSeesThem) {
  SandboxConfig config = sandbox("pod2");
  config.host_pid = config.host_ipc = true;
  ASSERT_TRUE(run(runtime_->create_sandbox(config)));
  const std::string script = "ls -d /proc/" + std::to_string(getpid()) + "; /bin/busybox readlink /proc/self/ns/ipc";
  const std::string log = output_of(shell("pod2", script));
  EXPECT_THAT(log, HasSubstr("F /proc/" + std::to_string(getpid()) + "\n"));
  EXPECT_THAT(log, HasSubstr(std::filesystem::read_symlink("/proc/self/ns/ipc").string()));
}

TEST_F(CrunSecurity, KillsAllOfAContainerAmongTheHostsProcesses) {
  SandboxConfig config = sandbox("pod2");
  config.host_pid = true;
  ASSERT_TRUE(run(runtime_->create_sandbox(config)));
  ASSERT_TRUE(run(runtime_->start_container(shell("pod2", "sleep 1000 & echo $!; wait"))));
  while (log_of("pod2_main_0").empty()) run(runtime_->signal_container("pod2_main_0", 0));
  const std::string log = log_of("pod2_main_0");
  const int child = std::atoi(log.substr(log.rfind(' ')).c_str());
  ASSERT_GT(child, 1);
  ASSERT_TRUE(runs(child));
  ASSERT_TRUE(run(runtime_->remove_sandbox("pod2")));
  EXPECT_FALSE(runs(child));
}

TEST_F(CrunSecurity, SetsTheSysctlsOfAPod) {
  SandboxConfig config = sandbox("pod2");
  config.sysctls = {{"kernel.shm_rmid_forced", "1"}, {"net.ipv4.ip_unprivileged_port_start", "77"}};
  ASSERT_TRUE(run(runtime_->create_sandbox(config)));
  const std::string log = output_of(shell("pod2", "cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_unprivileged_port_start"));
  EXPECT_THAT(log, HasSubstr("F 1\n"));
  EXPECT_THAT(log, HasSubstr("F 77\n"));
}

TEST_F(CrunSecurity, RefusesUsersOfItsOwnInOneSentence) {
  SandboxConfig config = sandbox("pod2");
  config.own_users = true;
  const auto made = run(runtime_->create_sandbox(config));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "can't set `spec.hostUsers: false`, the runtime \"crun\" does not support user namespaces");
}

TEST_F(CrunSecurity, AForkBombStopsAtItsLimit) {
  SandboxConfig config = sandbox("pod2");
  config.limits.pids_max = 20;
  ASSERT_TRUE(run(runtime_->create_sandbox(config)));
  const ContainerStatus status = play(shell("pod2", "for i in $(/bin/busybox seq 100); do sleep 1000 & done"));
  EXPECT_NE(status.exit_code, 0);
  EXPECT_THAT(log_of("pod2_main_0"), HasSubstr("can't fork: Resource temporarily unavailable"));
}

TEST_F(CrunSecurity, TellsWantOfMemoryOfAChildToo) {
  ContainerConfig config = shell("pod1", "/bin/busybox tail /dev/zero; echo went on");
  config.limits.memory_bytes_max = 16 << 20;
  const ContainerStatus status = play(config);
  EXPECT_TRUE(status.oom_killed) << log_of("pod1_main_0");
  EXPECT_EQ(status.reason, "OOMKilled");
}

TEST_F(CrunSecurity, TellsAProgramOfAnotherArchitecture) {
  std::ofstream(dir_ + "/layer/bin/foreign", std::ios::binary) << std::string(
      "\x7f"
      "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0\x01\0\0\0",
      24);
  std::filesystem::permissions(dir_ + "/layer/bin/foreign", std::filesystem::perms::owner_all);
  const ContainerStatus status = play(container("pod1", {"/bin/foreign"}));
  EXPECT_NE(status.exit_code, 0);
  EXPECT_THAT(status.message + log_of("pod1_main_0"), testing::ContainsRegex("[Ee]xec format error"));
}

TEST_F(CrunSecurity, AProcessKilledFromOutsideEndsWith137) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 1000"))));
  ASSERT_EQ(kill(record_of("pod1_main_0").init.pid, SIGKILL), 0);
  const ContainerStatus status = wait_for_exit("pod1_main_0");
  EXPECT_EQ(status.exit_code, 137);
  EXPECT_EQ(status.reason, "Error");
}

TEST_F(CrunSecurity, AContainerEndsWithTheProgramThatKeepsIt) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 1000"))));
  const crun::ContainerRecord record = record_of("pod1_main_0");
  ASSERT_EQ(kill(record.conmon.pid, SIGKILL), 0);
  const ContainerStatus status = wait_for_exit("pod1_main_0");
  EXPECT_EQ(status.exit_code, 137);
  EXPECT_EQ(status.reason, "ContainerStatusUnknown");
  ASSERT_TRUE(run(runtime_->remove_container("pod1_main_0")));
  EXPECT_FALSE(runs(record.init.pid));
}

TEST_F(CrunSecurity, TheEndOfTheQuickestIsSeen) {
  for (int attempt = 0; attempt < 5; ++attempt) EXPECT_EQ(play(container("pod1", {"/bin/true"}, attempt)).reason, "Completed");
}

TEST_F(CrunSecurity, AClassOfPodsWeighsWhatItsPodsAskFor) {
  const os::CgroupTree tree = os::CgroupTree::detect().value();
  const bool v2 = tree.version() == os::CgroupVersion::kV2;
  const std::string_view file = v2 ? "cpu.weight" : "cpu.shares";
  const auto shown = [&](int64_t shares) { return std::to_string(v2 ? os::cpu_weight_of_shares(shares) : shares); };
  EXPECT_EQ(cgroup_text("cpu", "burstable", file), shown(100));
  EXPECT_EQ(cgroup_text("cpu", "besteffort", file), shown(2));
  ASSERT_TRUE(run(runtime_->create_sandbox(sandbox("pod2"))));
  EXPECT_EQ(cgroup_text("cpu", "burstable", file), shown(200));
  ASSERT_TRUE(run(runtime_->remove_sandbox("pod1")));
  EXPECT_EQ(cgroup_text("cpu", "burstable", file), shown(100));
}

// What a connection to 127.0.0.1 is told; "" if there is none.
std::string answer_at(int port) {
  const os::Descriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval limit{.tv_sec = 5, .tv_usec = 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  if (connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "";
  char text[64];
  const ssize_t size = read(connection.get(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
}

TEST_F(CrunSecurity, APortOfThisMachineLeadsToItsPod) {
  const int port = 20000 + getpid() % 10000;
  SandboxConfig config = sandbox("pod2");
  config.host_ports = {{.host_ip = "", .host_port = port, .container_port = 8080, .protocol = "TCP"}};
  ASSERT_TRUE(run(runtime_->create_sandbox(config)));
  ASSERT_TRUE(run(runtime_->start_container(shell("pod2", "echo ready; while true; do nc -l -p 8080 -e /bin/echo hello; done"))));
  while (log_of("pod2_main_0").empty()) run(runtime_->signal_container("pod2_main_0", 0));
  const auto ask = [&] {  // nc may be between two connections
    std::string answer;
    for (int tries = 0; tries < 100 && answer.empty(); ++tries) {
      answer = answer_at(port);
      if (answer.empty()) run(runtime_->signal_container("pod2_main_0", 0)), usleep(10'000);
    }
    return answer;
  };
  EXPECT_EQ(ask(), "hello\n");
  runtime_.reset();  // as if killed
  open("crun");
  EXPECT_EQ(ask(), "hello\n");
  ASSERT_TRUE(run(runtime_->remove_sandbox("pod2")));
  EXPECT_EQ(answer_at(port), "");
}

}  // namespace
}  // namespace stint
