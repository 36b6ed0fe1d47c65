#include "cli/command_line.h"

#include <gtest/gtest.h>

namespace stint::cli {
namespace {

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "stint");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), {.runtimes = {"crun", "fake"}, .stores = {"sqlite"}});
}

TEST(CommandLine, ServesWithTheDefaults) {
  const auto command = std::get<ServeCommand>(parse({"serve"}));
  EXPECT_EQ(command.data_dir, "/var/lib/stint");
  EXPECT_EQ(command.listen, "127.0.0.1:6443");
  EXPECT_EQ(command.runtime, "crun");
  EXPECT_EQ(command.store, "sqlite");
}

TEST(CommandLine, LeavesControllersAndTheSchedulerOut) {
  const auto command = std::get<ServeCommand>(parse({"serve", "--disable-controllers", "job,cronjob", "--disable-scheduler"}));
  EXPECT_EQ(command.disabled_controllers, (std::vector<std::string>{"job", "cronjob"}));
  EXPECT_TRUE(command.disable_scheduler);
}

TEST(CommandLine, TakesImageVerbsWithTheirArguments) {
  const auto command = std::get<ImageCommand>(parse({"image", "import", "--data-dir", "/d", "a.tar", "b.tar"}));
  EXPECT_EQ(command.verb, ImageCommand::Verb::kImport);
  EXPECT_EQ(command.data_dir, "/d");
  EXPECT_EQ(command.arguments, (std::vector<std::string>{"a.tar", "b.tar"}));
}

TEST(CommandLine, TakesAScheduleOrFilesOfCronJobs) {
  const auto next = std::get<CronCommand>(parse({"cron", "next", "0 3 * * mon", "--time-zone", "Europe/Madrid", "-n", "7"}));
  EXPECT_EQ(next.verb, CronCommand::Verb::kNext);
  EXPECT_EQ(next.schedule, "0 3 * * mon");
  EXPECT_EQ(next.time_zone, "Europe/Madrid");
  EXPECT_EQ(next.count, 7);
  const auto check =
      std::get<CronCommand>(parse({"cron", "check", "-f", "a.yaml", "-f", "b.yaml", "--for", "7d", "--run-time", "10m", "-o", "json"}));
  EXPECT_EQ(check.verb, CronCommand::Verb::kCheck);
  EXPECT_EQ(check.files, (std::vector<std::string>{"a.yaml", "b.yaml"}));
  EXPECT_EQ(check.span, std::chrono::days(7));
  EXPECT_EQ(check.run_time, std::chrono::minutes(10));
  EXPECT_TRUE(check.as_json);
}

TEST(CommandLine, ReservesOfTheMachineWhatPodsDoNotGet) {
  const auto serve = std::get<ServeCommand>(parse({"serve", "--system-reserved", "cpu=500m,memory=1Gi", "--pod-max-pids", "100"}));
  EXPECT_EQ(serve.reserved, (std::map<std::string, int64_t, std::less<>>{{"cpu", 500}, {"memory", 1 << 30}}));
  EXPECT_EQ(serve.pod_max_pids, 100);
}

TEST(CommandLine, EndsPodsAtTheEndIfTold) {
  const auto serve = std::get<ServeCommand>(parse({"serve", "--shutdown-grace", "1m", "--shutdown-grace-critical", "10s"}));
  EXPECT_EQ(serve.shutdown_grace, std::chrono::minutes(1));
  EXPECT_EQ(serve.shutdown_grace_critical, std::chrono::seconds(10));
  EXPECT_EQ(std::get<ServeCommand>(parse({"serve"})).shutdown_grace, Duration{0});
}

TEST(CommandLine, EvictsBelowWhatItIsTold) {
  EXPECT_FALSE(std::get<ServeCommand>(parse({"serve"})).eviction_hard);
  const auto none = std::get<ServeCommand>(parse({"serve", "--eviction-hard", ""}));
  ASSERT_TRUE(none.eviction_hard);
  EXPECT_TRUE(none.eviction_hard->empty());
  const auto some = std::get<ServeCommand>(
      parse({"serve", "--eviction-hard", "memory.available<1Gi,nodefs.available<12.5%,imagefs.available<0%,pid.available<1k"}));
  ASSERT_EQ(some.eviction_hard->size(), 3u);
  EXPECT_EQ(some.eviction_hard->at("memory.available").quantity, 1 << 30);
  EXPECT_EQ(some.eviction_hard->at("nodefs.available").fraction, 0.125);
  EXPECT_EQ(some.eviction_hard->at("pid.available").quantity, 1000);
}

TEST(CommandLine, AnswersAMistakeInOneLineWithCode2) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{{},
                                                                     {"serv"},
                                                                     {"serve", "--nope"},
                                                                     {"serve", "--runtime", "docker"},
                                                                     {"serve", "--store", "etcd"},
                                                                     {"serve", "--listen", "here"},
                                                                     {"serve", "--max-pods", "0"},
                                                                     {"serve", "--pod-max-pids", "-1"},
                                                                     {"serve", "--system-reserved", "cpu"},
                                                                     {"serve", "--system-reserved", "cpu=much"},
                                                                     {"serve", "--system-reserved", "pods=1"},
                                                                     {"serve", "--container-log-max-size", "much"},
                                                                     {"serve", "--container-log-max-size", "0"},
                                                                     {"serve", "--container-log-max-files", "1"},
                                                                     {"serve", "--eviction-hard", "memory.available=1Gi"},
                                                                     {"serve", "--eviction-hard", "memory.free<1Gi"},
                                                                     {"serve", "--eviction-hard", "memory.available<much"},
                                                                     {"serve", "--eviction-hard", "memory.available<0"},
                                                                     {"serve", "--eviction-hard", "nodefs.available<101%"},
                                                                     {"serve", "--eviction-hard", "pid.available<1,pid.available<2"},
                                                                     {"serve", "--image-gc-high-threshold", "101"},
                                                                     {"serve", "--image-gc-low-threshold", "86"},
                                                                     {"serve", "--minimum-image-ttl-duration", "soon"},
                                                                     {"serve", "--shutdown-grace", "soon"},
                                                                     {"serve", "--shutdown-grace", "-1s"},
                                                                     {"serve", "--shutdown-grace", "5s", "--shutdown-grace-critical", "6s"},
                                                                     {"serve", "--listen", "1.2.3.4:70000"},
                                                                     {"image", "pull"},
                                                                     {"cron"},
                                                                     {"cron", "next"},
                                                                     {"cron", "next", "@daily", "-n", "0"},
                                                                     {"cron", "next", "@daily", "--from", "noon"},
                                                                     {"cron", "check"},
                                                                     {"cron", "check", "-f", "a", "--for", "soon"}}) {
    const auto message = std::get<Message>(parse(arguments));
    EXPECT_EQ(message.exit_code, 2);
    EXPECT_EQ(std::count(message.text.begin(), message.text.end(), '\n'), 1) << message.text;
  }
}

TEST(CommandLine, HelpsEverywhere) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"--help"}, {"serve", "--help"}, {"image", "pull", "--help"}, {"keyvalue", "--help"}}) {
    EXPECT_EQ(std::get<Message>(parse(arguments)).exit_code, 0);
  }
}

TEST(Address, IsAnIpAddressAndAPort) {
  EXPECT_EQ(parse_address("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_address("[::1]:80")->host, "::1");
  EXPECT_FALSE(parse_address("127.0.0.1"));
  EXPECT_FALSE(parse_address("localhost:80"));
  EXPECT_FALSE(parse_address("127.0.0.1:x"));
}

}  // namespace
}  // namespace stint::cli
