#include "runtime/fake/fake_runtime.h"

#include <csignal>
#include <fstream>
#include <sstream>

namespace stint {
namespace {

// Failures left over, newest last; takes one.
std::optional<Error> take_failure(std::vector<Error>& failures) {
  if (failures.empty()) return std::nullopt;
  Error error = std::move(failures.back());
  failures.pop_back();
  return error;
}

void write_output(const std::string& log_path, const std::string& output) {
  if (log_path.empty() || output.empty()) return;
  std::ofstream log(log_path, std::ios::app);
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) log << "2026-01-02T03:04:05.000000000Z stdout F " << line << '\n';
}

}  // namespace

std::unique_ptr<FakeRuntime> make_fake_runtime(Loop& loop) { return std::make_unique<FakeRuntime>(loop); }

FakeRuntime::~FakeRuntime() {
  for (auto& [id, container] : containers_)
    if (container->timer != 0) loop_.cancel_timer(container->timer);
}

void FakeRuntime::fail_sandboxes(int count, Error error) { sandbox_failures_.assign(static_cast<size_t>(count), std::move(error)); }
void FakeRuntime::fail_starts(int count, Error error) { start_failures_.assign(static_cast<size_t>(count), std::move(error)); }
void FakeRuntime::detach() { exit_handler_ = nullptr; }

void FakeRuntime::reboot() {
  for (auto& [id, container] : containers_)
    if (container->timer != 0) loop_.cancel_timer(container->timer);
  containers_.clear();
  containers_of_.clear();
  sandboxes_.clear();
}

std::string FakeRuntime::address_of(const std::string& sandbox_id) const {
  const auto found = addresses_.find(sandbox_id);
  if (found == addresses_.end()) return "";
  return "10.88." + std::to_string(found->second / 256) + "." + std::to_string(found->second % 256);
}

Result<void> FakeRuntime::take_address(const std::string& sandbox_id) {
  constexpr int kFirst = 2, kLast = 65'534;  // without the network's, the machine's and the broadcast address
  if (addresses_.contains(sandbox_id)) return {};
  if (std::ssize(taken_addresses_) > kLast - kFirst) return fail(Reason::kInternalError, "no address is free in 10.88.0.0/16");
  do last_address_ = last_address_ < kLast ? last_address_ + 1 : kFirst;
  while (!taken_addresses_.insert(last_address_).second);
  addresses_.emplace(sandbox_id, last_address_);
  return {};
}

Task<Result<SandboxStatus>> FakeRuntime::create_sandbox(SandboxConfig config) {
  if (auto error = take_failure(sandbox_failures_)) co_return fail(*std::move(error));
  if (!config.host_network) CO_TRY_VOID(take_address(config.id));
  SandboxStatus status{.id = config.id, .ip = address_of(config.id), .ready = true};
  sandboxes_.insert_or_assign(config.id, std::move(config));
  co_return status;
}

Task<Result<void>> FakeRuntime::remove_sandbox(std::string sandbox_id) {
  for (const std::string& id : containers_of_[sandbox_id]) {
    const auto found = containers_.find(id);
    if (found == containers_.end()) continue;
    if (found->second->status.state == ContainerState::kRunning) end(*found->second, 137);
    containers_.erase(found);
  }
  containers_of_.erase(sandbox_id);
  sandboxes_.erase(sandbox_id);
  if (const auto address = addresses_.extract(sandbox_id)) taken_addresses_.erase(address.mapped());
  co_return Result<void>{};
}

Task<Result<ContainerStatus>> FakeRuntime::start_container(ContainerConfig config) {
  if (auto found = containers_.find(config.id); found != containers_.end()) co_return found->second->status;
  if (!sandboxes_.contains(config.sandbox_id)) co_return fail(Reason::kNotFound, "sandbox \"" + config.sandbox_id + "\" not found");
  if (auto error = take_failure(start_failures_)) co_return fail(*std::move(error));
  if (started_.size() < kStartedMax) started_.push_back(config);
  containers_of_[config.sandbox_id].push_back(config.id);

  auto owned = std::make_unique<Container>();
  Container& container = *owned;
  container.log_path = config.log_path;
  container.ended = std::make_shared<Event>(loop_);
  container.outcome = behaviour_ ? behaviour_(config) : FakeOutcome{};
  container.status = {.id = config.id, .sandbox_id = config.sandbox_id, .name = config.name, .attempt = config.attempt};
  container.status.state = ContainerState::kRunning;
  container.status.started_at = loop_.now();
  containers_[config.id] = std::move(owned);
  write_output(config.log_path, container.outcome.output);
  if (!container.outcome.start_error.empty()) {
    container.status.message = container.outcome.start_error;
    container.told = true;
    end(container, 128);
  } else if (!container.outcome.runs_for_ever) {
    container.timer = loop_.call_after(container.outcome.run_time, [this, &container] {
      container.timer = 0;
      end(container, container.outcome.exit_code);
    });
  }
  co_return container.status;
}

void FakeRuntime::end(Container& container, int exit_code) {
  if (container.timer != 0) loop_.cancel_timer(std::exchange(container.timer, 0));
  ContainerStatus& status = container.status;
  status.state = ContainerState::kExited;
  status.exit_code = exit_code;
  status.oom_killed = container.outcome.oom_killed;
  status.finished_at = loop_.now();
  status.reason = !container.outcome.start_error.empty() ? "StartError"
                  : status.oom_killed                    ? "OOMKilled"
                  : exit_code == 0                       ? "Completed"
                                                         : "Error";
  container.ended->set();
  tell(container);
}

void FakeRuntime::tell(Container& container) {
  if (container.told || !exit_handler_) return;
  container.told = true;
  loop_.post([this, status = container.status] {
    if (exit_handler_) exit_handler_(status);
  });
}

void FakeRuntime::exit_container(const std::string& id, int exit_code) {
  auto found = containers_.find(id);
  if (found != containers_.end() && found->second->status.state == ContainerState::kRunning) end(*found->second, exit_code);
}

Task<Result<void>> FakeRuntime::signal_container(std::string container_id, int signal) {
  auto found = containers_.find(container_id);
  if (found == containers_.end() || found->second->status.state != ContainerState::kRunning) co_return Result<void>{};
  Container& container = *found->second;
  if (signal == SIGKILL) {
    end(container, 137);
  } else if (!container.outcome.ignores_term) {
    end(container, container.outcome.exit_code_on_term);
  }
  co_return Result<void>{};
}

Task<Result<void>> FakeRuntime::remove_container(std::string container_id) {
  auto found = containers_.find(container_id);
  if (found == containers_.end()) co_return Result<void>{};
  if (found->second->status.state == ContainerState::kRunning) end(*found->second, 137);
  containers_.erase(found);
  co_return Result<void>{};
}

std::optional<ContainerStatus> FakeRuntime::status(const std::string& container_id) const {
  auto found = containers_.find(container_id);
  if (found == containers_.end()) return std::nullopt;
  return found->second->status;
}

Task<Result<ContainerUsage>> FakeRuntime::usage(std::string container_id) {
  CO_TRY(const Container* container, find_running(container_id));
  co_return ContainerUsage{.cpu_time = (loop_.now() - container->status.started_at) / 100, .memory_bytes = 1 << 20};
}

Result<FakeRuntime::Container*> FakeRuntime::find_running(const std::string& id) const {
  const auto found = containers_.find(id);
  if (found != containers_.end() && found->second->status.state == ContainerState::kRunning) return found->second.get();
  return fail(Reason::kNotFound, "container " + id + " does not run");
}

std::vector<SandboxStatus> FakeRuntime::list_sandboxes() const {
  std::vector<SandboxStatus> all;
  for (const auto& [id, config] : sandboxes_) all.push_back({.id = id, .ip = address_of(id), .ready = true});
  return all;
}

std::vector<ContainerStatus> FakeRuntime::list_containers() const {
  std::vector<ContainerStatus> all;
  for (const auto& [id, container] : containers_) all.push_back(container->status);
  return all;
}

Task<Result<void>> FakeRuntime::recover() {
  for (auto& [id, container] : containers_)
    if (container->status.state == ContainerState::kExited) tell(*container);
  co_return Result<void>{};
}

}  // namespace stint
