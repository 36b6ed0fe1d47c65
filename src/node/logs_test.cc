#include "node/logs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "client/fake_client.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

Task<void> read_all(LogSource& logs, LogOptions options, std::string* out) {
  auto stream = co_await logs.open_log("default", "p", std::move(options));
  if (!stream) {
    *out = "error: " + stream.error().message;
    co_return;
  }
  while (auto chunk = co_await (*stream)->next()) *out += *chunk;
}

class Logs : public testing::Test, public NodeFixture {
 protected:
  std::string read(LogOptions options) {
    Scope scope(loop);
    std::string out;
    scope.spawn(read_all(agent->logs(), std::move(options), &out));
    loop.run_ready();
    return out;
  }
};

TEST_F(Logs, OfThePresentAndThePreviousAttempt) {
  runtime->set_behaviour([](const ContainerConfig& config) {
    const std::string line = "attempt " + std::to_string(config.attempt) + "\n";
    return config.attempt == 0 ? FakeOutcome{.exit_code = 1, .output = line} : FakeOutcome{.runs_for_ever = true, .output = line};
  });
  client.put(make_pod("p", "OnFailure"));
  loop.run_for(1s);
  EXPECT_EQ(read({}), "attempt 1\n");
  EXPECT_EQ(read({.previous = true}), "attempt 0\n");
  EXPECT_EQ(read({.tail_lines = 0}), "");
  EXPECT_EQ(read({.container = "other"}), "error: container other is not valid for pod p");
}

TEST_F(Logs, SaysWhatTheContainerWaitsFor) {
  images.fail_pulls(1000, "no");
  auto pod = make_pod("p");
  client.put(pod);
  loop.run_for(5s);
  EXPECT_EQ(read({}), "error: container \"main\" in pod \"p\" is waiting to start: trying and failing to pull image");
  EXPECT_EQ(read({.previous = true}), "error: previous terminated container \"main\" in pod \"p\" not found");
  add_container(*pod.mutable_spec()->add_containers(), "second");
  pod.mutable_metadata()->set_name("p");
  client.put(pod);
  EXPECT_EQ(read({}), "error: a container name must be specified for pod p, choose one of: [main second]");
}

// Real time and a real file: what inotify tells has no virtual form.
Task<void> follow(LogSource& logs, std::string path, bool* running, NodeLogs* node_logs, Loop& loop, std::string* out) {
  auto stream = co_await logs.open_log("default", "p", {.follow = true});
  EXPECT_TRUE(stream);
  auto first = co_await (*stream)->next();
  *out += first.value_or("");
  std::ofstream(path, std::ios::app) << "2026-01-02T03:04:05Z stdout F two\n" << std::flush;
  auto second = co_await (*stream)->next();
  *out += second.value_or("");
  *running = false;
  node_logs->container_ended();
  auto end = co_await (*stream)->next();
  if (!end) *out += "end";
  loop.stop();
}

// In a log that is moved aside twice before anybody reads it.
Task<void> follow_rotated(LogSource& logs, std::string path, bool* running, NodeLogs* node_logs, Loop& loop, std::string* out) {
  auto stream = co_await logs.open_log("default", "p", {.follow = true});
  EXPECT_TRUE(stream);
  std::ofstream old(path, std::ios::app);
  for (const std::string word : {"two", "three"}) {
    std::filesystem::rename(path, path + "." + word);
    old << "2026-01-02T03:04:05Z stdout F last of the old one\n" << std::flush;  // written before the runtime went on
    old = std::ofstream(path);
    old << "2026-01-02T03:04:05Z stdout F " << word << "\n" << std::flush;
    node_logs->log_rotated();
    co_await sleep_for(loop, 50ms);  // as in life, where ten seconds pass
  }
  std::filesystem::remove(path + ".two");
  while (out->find("three") == std::string::npos) *out += (co_await (*stream)->next()).value_or("three");
  old << "2026-01-02T03:04:05Z stdout F four\n" << std::flush;
  *out += (co_await (*stream)->next()).value_or("");
  *running = false;
  node_logs->container_ended();
  if (!co_await (*stream)->next()) *out += "end";
  loop.stop();
}

class FollowedLog : public testing::Test {
 protected:
  using Play = Task<void> (*)(LogSource&, std::string, bool*, NodeLogs*, Loop&, std::string*);
  ~FollowedLog() override { std::filesystem::remove_all(dir_); }

  std::string play(Play play) {
    FakeClient client(*loop_);
    corev1::Pod pod = NodeFixture::make_pod("p");
    pod.mutable_metadata()->set_uid("u");
    auto& status = *pod.mutable_status()->add_containerstatuses();
    status.set_name("main");
    status.set_containerid("fake://u_main_0");
    status.mutable_state()->mutable_running();
    client.put(pod);
    std::filesystem::create_directories(dir_ + "/default_p_u/main");
    const std::string path = dir_ + "/default_p_u/main/0.log";
    std::ofstream(path) << "2026-01-02T03:04:05Z stdout F one\n";
    bool running = true;
    std::string out;
    NodeLogs logs(*loop_, client, dir_, [&running](const std::string& id) { return id == "u_main_0" && running; });
    Scope scope(*loop_);
    scope.spawn(play(logs, path, &running, &logs, *loop_, &out));
    loop_->run();
    return out;
  }

 private:
  std::unique_ptr<Loop> loop_ = make_system_loop(1);
  std::string pattern_ = std::filesystem::temp_directory_path() / "stint-logs-XXXXXX";
  const std::string dir_ = mkdtemp(pattern_.data());
};

TEST_F(FollowedLog, ShowsNewLinesAndEndsWithTheContainer) { EXPECT_EQ(play(follow), "one\ntwo\nend"); }

TEST_F(FollowedLog, GoesOnInTheFilesAfterARotation) {
  EXPECT_EQ(play(follow_rotated), "one\nlast of the old one\ntwo\nlast of the old one\nthree\nfour\nend");
}

}  // namespace
}  // namespace stint
