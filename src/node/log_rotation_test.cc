#include "node/log_rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "base/sim_loop.h"
#include "runtime/fake/fake_runtime.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(LogRotationPlan, KeepsTheNewestAndCompressesThem) {
  const auto plan = plan_rotation(
      "0.log", {"0.log", "0.log.20260101-000000.gz", "0.log.20260102-000000.gz", "0.log.20260103-000000.gz", "0.log.20260104-000000"}, 5);
  EXPECT_THAT(plan.remove, ElementsAre("0.log.20260101-000000.gz"));
  EXPECT_THAT(plan.compress, ElementsAre("0.log.20260104-000000"));
}

TEST(LogRotationPlan, OfTwoFilesNoneIsCompressed) {
  const auto plan = plan_rotation("0.log", {"0.log", "0.log.20260104-000000"}, 2);
  EXPECT_THAT(plan.remove, ElementsAre("0.log.20260104-000000"));
  EXPECT_TRUE(plan.compress.empty());
}

TEST(LogRotationPlan, RemovesWhatAnEarlierLifeLeftHalfDone) {
  const auto plan = plan_rotation("0.log", {"0.log.20260103-000000", "0.log.20260103-000000.gz", "0.log.20260104-000000.tmp"}, 5);
  EXPECT_THAT(plan.remove, ElementsAre("0.log.20260103-000000", "0.log.20260104-000000.tmp"));
}

TEST(LogRotationPlan, LeavesTheLogsOfOtherAttempts) {
  const auto plan = plan_rotation("1.log", {"0.log", "1.log", "10.log", "11.log.20260104-000000", "0.log.20260104-000000"}, 2);
  EXPECT_TRUE(plan.remove.empty());
  EXPECT_TRUE(plan.compress.empty());
}

class LogRotation : public testing::Test {
 protected:
  LogRotation() {
    runtime_->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
    std::filesystem::create_directories(pod_ + "/main");
    scope_.spawn(start());
    loop_.run_ready();
  }
  ~LogRotation() override { std::filesystem::remove_all(dir_); }
  Task<void> start() {
    co_await runtime_->create_sandbox({.id = "u"});
    ContainerConfig config;
    config.id = "u_main_0";
    config.sandbox_id = "u";
    config.name = "main";
    config.log_path = log_;
    co_await runtime_->start_container(std::move(config));
  }
  void write(size_t size) const { std::ofstream(log_, std::ios::app) << std::string(size, 'x'); }
  void rotate() {
    scope_.spawn(rotator_.rotate_all());
    loop_.run_ready();
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(pod_ + "/main")) names.push_back(entry.path().filename());
    return names;
  }

  SimLoop loop_{WallTime(std::chrono::seconds(1'767'323'045))};  // 2026-01-02 03:04:05
  std::string pattern_ = std::filesystem::temp_directory_path() / "stint-rotation-XXXXXX";
  const std::string dir_ = mkdtemp(pattern_.data());
  const std::string pod_ = dir_ + "/default_p_u", log_ = pod_ + "/main/0.log";
  std::unique_ptr<FakeRuntime> runtime_ = make_fake_runtime(loop_);
  int told_ = 0;
  LogRotator rotator_{loop_, *runtime_, dir_, {.bytes_max = 1000, .files_max = 3}, [this] { ++told_; }};
  Scope scope_{loop_};
};

TEST_F(LogRotation, MovesALogAsideOnceItHasTheSize) {
  write(999);
  rotate();
  EXPECT_THAT(files(), ElementsAre("0.log"));
  write(1);
  rotate();
  EXPECT_THAT(files(), UnorderedElementsAre("0.log", "0.log.20260102-030405"));
  EXPECT_EQ(std::filesystem::file_size(log_), 0u);
  EXPECT_EQ(told_, 1);
}

TEST_F(LogRotation, KeepsAsManyFilesAsItIsTold) {
  for (int i = 0; i < 4; ++i) {
    write(1000);
    rotate();
    loop_.run_for(10s);
  }
  EXPECT_THAT(files(), UnorderedElementsAre("0.log", "0.log.20260102-030425.gz", "0.log.20260102-030435"));
  const gzFile file = gzopen((pod_ + "/main/0.log.20260102-030425.gz").c_str(), "rb");
  std::string text(2000, '\0');
  text.resize(static_cast<size_t>(gzread(file, text.data(), 2000)));
  gzclose(file);
  EXPECT_EQ(text, std::string(1000, 'x'));
}

TEST_F(LogRotation, LeavesTheLogOfAContainerThatHasEnded) {
  write(5000);
  runtime_->exit_container("u_main_0", 0);
  rotate();
  EXPECT_THAT(files(), ElementsAre("0.log"));
  EXPECT_EQ(told_, 0);
}

TEST_F(LogRotation, LooksAgainAndAgain) {
  scope_.spawn(rotator_.run());
  loop_.run_for(9s);
  write(1000);
  loop_.run_for(500ms);
  EXPECT_EQ(told_, 0);
  loop_.run_for(1s);
  EXPECT_EQ(told_, 1);
}

}  // namespace
}  // namespace stint
