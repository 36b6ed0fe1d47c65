#include "simulator.h"

#include "app/virtual_cluster.h"
#include "checkers.h"
#include "faults.h"
#include "faulty_client.h"
#include "faulty_runtime.h"
#include "workload.h"

namespace stint::sim {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 8 / 3) + 10h};
constexpr uint64_t kDiceSalt = 0x5717'5eed;

class Simulator {
 public:
  explicit Simulator(const SimOptions& options)
      : options_(options),
        cluster_(cluster_options()),
        workload_(faults_->dice),
        hand_(*faults_, cluster_.store()),
        checkers_(cluster_.store(), cluster_.loop().clock(), moved_),
        actors_(cluster_.loop()) {
    cluster_.runtime().set_behaviour([this](const ContainerConfig& config) { return workload_.outcome(config); });
    cluster_.store().add_handler([this](const Commit& commit) { see(commit); });
    cluster_.store().set_pause([this] { return after_commit(); });
  }

  SimResult run() {
    make_workload();
    faults_->on = true;
    plan_crash();
    actors_.spawn(be_troublesome());
    cluster_.loop().run_for(std::chrono::seconds(faults_->dice.between(300, 1200)));
    faults_->on = false;
    if (!checkers_.violation()) end_well();
    return {
        .violation = checkers_.violation(), .steps = faults_->journal.text(), .commits = cluster_.store().commits(), .crashes = crashes_};
  }

 private:
  VirtualClusterOptions cluster_options() {
    VirtualClusterOptions options{.start = kStart, .seed = options_.seed};
    options.make_runtime = [this](Loop& loop) -> std::unique_ptr<FakeRuntime> {
      faults_ = std::make_unique<Faults>(loop, options_.seed ^ kDiceSalt);
      auto runtime = std::make_unique<FaultyRuntime>(loop, *faults_);
      runtime_ = runtime.get();
      return runtime;
    };
    options.wrap_client = [this](Part part, std::unique_ptr<Client> client) {
      auto faulty = make_faulty_client(part, std::move(client), *faults_);
      return options_.plant ? options_.plant(part, std::move(faulty)) : std::move(faulty);
    };
    return options;
  }

  void make_workload() {
    const int jobs = faults_->dice.between(1, 4), cron_jobs = faults_->dice.up_to(3);
    for (int i = 0; i < jobs; ++i) static_cast<void>(cluster_.await(create(cluster_.admin(), workload_.make_job(i))));
    for (int i = 0; i < cron_jobs; ++i) static_cast<void>(cluster_.await(create(cluster_.admin(), workload_.make_cron_job(i))));
  }

  void see(const Commit& commit) {
    if (commit.kind == &kind_of<corev1::Event>()) return;
    faults_->journal.add(describe_commit(commit));
    hand_.see(commit);
    checkers_.see(commit);
    if (checkers_.violation()) cluster_.loop().stop();
  }

  static std::string describe_commit(const Commit& commit) {
    std::string text = std::to_string(commit.revision) + " " + commit.key;
    if (commit.next == nullptr) return text + " is gone";
    if (commit.kind == &kind_of<corev1::Pod>()) {
      const auto& pod = static_cast<const corev1::Pod&>(*commit.next);
      text += " " + pod.status().phase() + (is_deleting(pod) ? ", being deleted" : "");
      text += has_finalizer(pod, "batch.kubernetes.io/job-tracking") ? "" : ", released";
    } else if (commit.kind == &kind_of<batchv1::Job>()) {
      text += " " + json::encode(static_cast<const batchv1::Job&>(*commit.next).status());
    }
    return text;
  }

  // Between a write and its answer is where a crash hurts. It comes in the next turn: who waited here never hears of the write.
  Task<void> after_commit() {
    if (!faults_->on || --crash_in_ > 0) co_return;
    plan_crash();
    cluster_.loop().post([this] { crash(); });
    co_await sleep_for(cluster_.loop(), 1ms);
  }

  void plan_crash() { crash_in_ = faults_->dice.between(1, 300); }

  void crash() {
    ++crashes_;
    switch (faults_->dice.up_to(6)) {
      case 0:
        return crash_everything(false);
      case 1:
        return crash_everything(true);
      case 2:
        return crash(Part::kNode);
      case 3:
        return crash(Part::kScheduler);
      default:
        return crash(Part::kControllers);
    }
  }

  void crash(Part part) {
    const auto away = std::chrono::milliseconds(faults_->dice.one_in(2) ? 0 : faults_->dice.up_to(20'000));
    faults_->journal.add("the " + std::string(part_name(part)) + " crash");
    if (part == Part::kNode) runtime_->forget_debts();
    cluster_.stop(part);
    cluster_.loop().call_after(away, [this, part] { cluster_.start(part); });
  }

  void crash_everything(bool power_is_lost) {
    faults_->journal.add(power_is_lost ? "the power fails" : "everything crashes");
    actors_.cancel();
    runtime_->forget_debts();
    if (power_is_lost) cluster_.runtime().reboot();
    cluster_.restart_all();
    actors_.spawn(be_troublesome());
  }

  Task<void> be_troublesome() {
    Loop& loop = cluster_.loop();
    while (faults_->on) {
      co_await sleep_for(loop, std::chrono::milliseconds(faults_->dice.between(500, 40'000)));
      if (!faults_->on) co_return;
      co_await hand_.act(cluster_.admin(), [this](const std::string& uid) { checkers_.removed_by_hand(uid); });
      if (faults_->dice.one_in(30)) move_clock();
      if (faults_->dice.one_in(15)) loop.post([this] { crash(); });
      if (runtime_->owes_a_report()) loop.post([this] { crash(Part::kNode); });
    }
  }

  void move_clock() {
    const auto by = std::chrono::seconds(faults_->dice.between(-1800, 1800));
    faults_->journal.add("the clock moves by " + std::to_string(by.count()) + "s");
    moved_ += by;
    cluster_.loop().jump_wall_clock(by);
  }

  void end_well() {
    faults_->journal.add("no more faults");
    actors_.cancel();
    cluster_.loop().run_for(1min);
    // What was lost for good is found by who begins anew.
    cluster_.stop(Part::kNode);
    cluster_.start(Part::kNode);
    runtime_->forget_debts();
    checkers_.begin_calm();
    cluster_.loop().run_for(Checkers::kCalm);
    if (!checkers_.violation()) checkers_.end_calm();
    actors_.spawn(hand_.let_everything_end(cluster_.admin()));
    for (Duration waited{0}; waited < 48h && !checkers_.violation(); waited += 10min) {
      cluster_.loop().run_for(10min);
      if (checkers_.unfinished().empty()) break;
    }
    if (!checkers_.violation()) checkers_.see_end(cluster_.runtime().sandboxes().size());
  }

  const SimOptions& options_;
  std::unique_ptr<Faults> faults_;
  FaultyRuntime* runtime_ = nullptr;
  VirtualCluster cluster_;
  Workload workload_;
  OtherHand hand_;
  Duration moved_{0};
  Checkers checkers_;
  int crash_in_ = 0, crashes_ = 0;
  Scope actors_;  // last: destroyed first
};

}  // namespace

SimResult simulate(const SimOptions& options) {
  Simulator simulator(options);
  return simulator.run();
}

std::string describe(uint64_t seed, const SimResult& result) {
  return "seed " + std::to_string(seed) + ": " + result.violation.value_or("no violation") + "\nreplay it with ./dev sim --from " +
         std::to_string(seed) + " --seeds 1\nthe last steps:\n" + result.steps;
}

}  // namespace stint::sim
