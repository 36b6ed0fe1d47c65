#include "app/simulate/simulate.h"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "api/go_duration.h"
#include "app/simulate/exit_plan.h"
#include "app/simulate/manifests.h"
#include "app/simulate/observer.h"
#include "app/virtual_cluster.h"
#include "base/log.h"
#include "control/job/indexes.h"
#include "control/job/pod.h"
#include "node/phase.h"
#include "node/restart_policy.h"
#include "os/file.h"

namespace stint::simulate {
namespace {

using namespace std::chrono_literals;

// So long nothing of interest may happen before it is asked whether anything still can.
constexpr Duration kQuiet = 2s;
constexpr size_t kFileBytesMax = 16 * 1024 * 1024;

class Simulation {
 public:
  Simulation(const cli::SimulateCommand& command, WallTime start)
      : command_(command),
        start_(start),
        plan_(command.exit_codes),
        cluster_({.start = start, .seed = command.seed, .behaviour = [this](const ContainerConfig& config) { return outcome(config); }}),
        observer_(cluster_.store(), cluster_.loop().clock()) {
    cluster_.store().add_handler([this](const Commit& commit) {
      observer_.see(commit);
      look_soon();
    });
    if (command.failing_pulls > 0) cluster_.images().fail_pulls(command.failing_pulls, "the registry does not answer");
  }

  Result<Report> run(const std::vector<Manifest>& manifests) {
    for (const Manifest& manifest : manifests) {
      auto created = create_objects(cluster_, manifest.text);
      if (created) continue;
      Error error = std::move(created).error();
      error.message = manifest.name + ": " + error.message;
      return fail(std::move(error));
    }
    const WallTime end = start_ + command_.span.value_or(kSpan);
    if (command_.node_lost_at && *command_.node_lost_at < end - start_) {
      go_on_until(start_ + *command_.node_lost_at);
      if (ending_.empty()) cluster_.lose_node();
    }
    go_on_until(end);
    Report report = observer_.take(start_);
    report.ending = ending_.empty() ? "its time is over" : ending_;
    return report;
  }

 private:
  void go_on_until(WallTime end) {
    look_soon();
    if (ending_.empty() && cluster_.loop().now() < end) cluster_.loop().run_for(end - cluster_.loop().now());
  }

  void look_soon() {
    if (looking_) return;
    looking_ = true;
    cluster_.loop().call_after(kQuiet, [this] {
      looking_ = false;
      if (observer_.is_over()) return stop("nothing is left to happen");
      if (!command_.span && observer_.is_stuck()) return stop("what is left gets nowhere, and --for does not say how far to go");
      if (!command_.span && observer_.scheduled_jobs() >= kScheduledJobsMax)
        stop("CronJobs have started " + std::to_string(kScheduledJobsMax) + " Jobs, and --for does not say how far to go");
    });
  }

  void stop(std::string why) {
    if (!ending_.empty()) return;
    ending_ = std::move(why);
    cluster_.loop().stop();
  }

  FakeOutcome outcome(const ContainerConfig& config) {
    FakeOutcome outcome{.run_time = command_.run_time};
    const auto pod = observer_.pod(config.sandbox_id);
    if (pod == nullptr) return outcome;
    ExitPlan::Start start{.job_uid = config.sandbox_id, .container = config.name};
    if (const auto* owner = controller_of(*pod)) start.job_uid = owner->uid();
    if (const int index = job::completion_index(*pod); index != job::kNoIndex) start.index = index;
    for (const auto& init : pod->spec().initcontainers()) {
      if (init.name() != config.name) continue;
      if (is_sidecar(init)) return {.runs_for_ever = true};
      start.init = true;
    }
    outcome.exit_code = plan_.next(start);
    return outcome;
  }

  const cli::SimulateCommand& command_;
  const WallTime start_;
  ExitPlan plan_;
  VirtualCluster cluster_;
  Observer observer_;
  bool looking_ = false;
  std::string ending_;
};

Result<Manifest> read_manifest(const std::string& file) {
  if (file == "-") return Manifest{"standard input", std::string(std::istreambuf_iterator<char>(std::cin), {})};
  TRY(std::string text, os::read_file(file, kFileBytesMax));
  return Manifest{file, std::move(text)};
}

Result<std::string> output(const cli::SimulateCommand& command) {
  std::vector<Manifest> manifests;
  for (const std::string& file : command.files) {
    TRY(Manifest manifest, read_manifest(file));
    manifests.push_back(std::move(manifest));
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  TRY(const Report report, simulate(command, manifests, command.start.value_or(now)));
  switch (command.output) {
    case cli::SimulateCommand::Output::kJson:
      return as_json(report);
    case cli::SimulateCommand::Output::kSvg:
      return as_svg(report);
    case cli::SimulateCommand::Output::kTable:
      break;
  }
  return as_table(report);
}

}  // namespace

Result<Report> simulate(const cli::SimulateCommand& command, const std::vector<Manifest>& manifests, WallTime start) {
  Simulation simulation(command, start);
  return simulation.run(manifests);
}

}  // namespace stint::simulate

namespace stint {

int run_simulate(const cli::SimulateCommand& command) {
  set_log_level(LogLevel::kError);  // what a server would log is in the report
  auto text = simulate::output(command);
  if (text) {
    std::cout << *text << std::flush;
    return 0;
  }
  std::string line = text.error().message;
  std::ranges::replace(line, '\n', ' ');
  std::cerr << "stint: " << line << std::endl;
  return 2;
}

}  // namespace stint
