// A runtime in memory and in the loop's time: containers are timers. For tests, `stint simulate` and benchmarks without containers. It
// outlives node agents, so that a restart of the agent can be played: containers that end while nobody listens are told after recover().
// Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/runtime.h"

namespace stint {

// How one attempt of a container goes.
struct FakeOutcome {
  Duration run_time{0};  // from start to its own end; ignored when runs_for_ever
  int exit_code = 0;
  bool runs_for_ever = false;  // until a signal
  bool ignores_term = false;   // only SIGKILL ends it
  int exit_code_on_term = 143;
  bool oom_killed = false;
  std::string start_error;  // not empty: the command cannot be executed (StartError, 128)
  std::string output;       // lines for the log file, as standard output
};

// How one command beside a container goes.
struct FakeCommand {
  Duration run_time{0};
  int exit_code = 0;
  std::string output;
};

class FakeRuntime : public Runtime {
 public:
  using Behaviour = std::function<FakeOutcome(const ContainerConfig&)>;

  explicit FakeRuntime(Loop& loop) : loop_(loop) {}
  ~FakeRuntime() override;

  // Nobody will look into the pods' files: they need not be made.
  void make_no_files() { uses_files_ = false; }
  // Without one every container exits 0 at once.
  void set_behaviour(Behaviour behaviour) { behaviour_ = std::move(behaviour); }
  using Commands = std::function<FakeCommand(const std::string& container_id, const std::vector<std::string>& command)>;
  void set_commands(Commands commands) { commands_ = std::move(commands); }
  // Makes the next `count` calls to create_sandbox / start_container fail with this error.
  void fail_sandboxes(int count, Error error);
  void fail_starts(int count, Error error);
  // The agent is gone: its exit handler is dropped, exits are kept for the next recover().
  void detach();
  // The machine lost power: running containers and sandboxes are gone.
  void reboot();
  // The first kStartedMax configs that containers were started with, in order.
  static constexpr size_t kStartedMax = 10'000;
  const std::vector<ContainerConfig>& started() const { return started_; }
  const std::map<std::string, SandboxConfig>& sandboxes() const { return sandboxes_; }
  // Ends a container now, as if by itself.
  void exit_container(const std::string& id, int exit_code);

  std::string name() const override { return "fake"; }
  std::string version() const override { return "1.0"; }
  Task<Result<SandboxStatus>> create_sandbox(SandboxConfig config) override;
  Task<Result<void>> remove_sandbox(std::string sandbox_id) override;
  Task<Result<ContainerStatus>> start_container(ContainerConfig config) override;
  Task<Result<void>> signal_container(std::string container_id, int signal) override;
  Task<Result<void>> remove_container(std::string container_id) override;
  std::optional<ContainerStatus> status(const std::string& container_id) const override;
  // A hundredth of a processor since it started, and a mebibyte.
  Task<Result<ContainerUsage>> usage(std::string container_id) override;
  // Every command is `cat`: what it is given comes back, and at the end of that it ends with 0; unless it is told how commands go.
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) override;
  // As if it were `cat` with a standard input: what is written comes back, until the container ends.
  Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) override;
  Task<Result<void>> reopen_log(std::string container_id) override;
  // What is written comes back; but nobody listens on kDeafPort.
  static constexpr int kDeafPort = 1;
  Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) override;
  std::vector<SandboxStatus> list_sandboxes() const override;
  std::vector<ContainerStatus> list_containers() const override;
  void on_exit(std::function<void(const ContainerStatus&)> handler) override { exit_handler_ = std::move(handler); }
  Task<Result<void>> recover() override;
  bool uses_files() const override { return uses_files_; }
  bool has_network() const override { return false; }

 private:
  struct Container {
    ContainerStatus status;
    FakeOutcome outcome;
    Loop::TimerId timer = 0;
    bool told = false;  // the exit handler was called
    std::string log_path;
    std::shared_ptr<Event> ended;  // shared with its sessions
  };
  void end(Container& container, int exit_code);
  void tell(Container& container);
  std::string address_of(const std::string& sandbox_id) const;  // "": none
  Result<void> take_address(const std::string& sandbox_id);
  Result<Container*> find_running(const std::string& id) const;

  Loop& loop_;
  Behaviour behaviour_;
  Commands commands_;
  std::function<void(const ContainerStatus&)> exit_handler_;
  std::map<std::string, SandboxConfig> sandboxes_;
  std::map<std::string, int> addresses_;  // by sandbox: the host's number in 10.88.0.0/16
  std::set<int> taken_addresses_;
  std::map<std::string, std::unique_ptr<Container>> containers_;
  std::map<std::string, std::vector<std::string>> containers_of_;  // ids by sandbox; some may be gone
  std::vector<ContainerConfig> started_;
  std::vector<Error> sandbox_failures_, start_failures_;
  int last_address_ = 1;  // the machine's own
  bool uses_files_ = true;
};

std::unique_ptr<FakeRuntime> make_fake_runtime(Loop& loop);

}  // namespace stint
