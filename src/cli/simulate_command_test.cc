#include "cli/simulate_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_line.h"

namespace stint::cli {
namespace {

using namespace std::chrono_literals;

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"stint", "simulate"});
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), {.runtimes = {"crun"}, .stores = {"sqlite"}});
}

TEST(ExitCodes, AreAListForAllOrForSome) {
  EXPECT_THAT(parse_exit_codes("1,1,0")->codes, testing::ElementsAre(1, 1, 0));
  const auto narrow = parse_exit_codes("index:3/container:main=1,0").value();
  EXPECT_EQ(narrow.index, 3);
  EXPECT_EQ(narrow.container, "main");
  EXPECT_THAT(narrow.codes, testing::ElementsAre(1, 0));
  for (const char* wrong : {"", "1,", "256", "-1", "x", "index:x=1", "index:=1", "pod:a=1", "container:=1", "index:1="}) {
    EXPECT_FALSE(parse_exit_codes(wrong)) << wrong;
  }
}

TEST(Span, IsADurationWithDays) {
  EXPECT_EQ(parse_span("30s"), Duration(30s));
  EXPECT_EQ(parse_span("1h30m"), Duration(90min));
  EXPECT_EQ(parse_span("30d"), Duration(720h));
  EXPECT_EQ(parse_span("1d12h"), Duration(36h));
  for (const char* wrong : {"", "30", "d", "-1s", "4000d", "1d-1h", "1x"}) EXPECT_FALSE(parse_span(wrong)) << wrong;
}

TEST(CommandLine, SimulatesFilesWithCodesForSome) {
  const auto command = std::get<SimulateCommand>(parse(
      {"-f",         "a.yaml", "-f", "b.yaml", "--exit-codes", "1,0", "--exit-codes",   "index:2=3", "--for",   "30d",
       "--run-time", "2m",     "-o", "json",   "--pull-fails", "2",   "--node-lost-at", "40s",       "--start", "2026-01-02T03:04:05Z"}));
  EXPECT_EQ(command.files, (std::vector<std::string>{"a.yaml", "b.yaml"}));
  ASSERT_EQ(command.exit_codes.size(), 2u);
  EXPECT_EQ(command.exit_codes[1].index, 2);
  EXPECT_EQ(command.span, Duration(720h));
  EXPECT_EQ(command.run_time, Duration(2min));
  EXPECT_EQ(command.output, SimulateCommand::Output::kJson);
  EXPECT_EQ(command.failing_pulls, 2);
  EXPECT_EQ(command.node_lost_at, Duration(40s));
  EXPECT_TRUE(command.start);
}

TEST(CommandLine, AnswersAMistakenSimulationInOneLine) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{{},
                                                                     {"-f", "a", "--exit-codes", "256"},
                                                                     {"-f", "a", "--run-time", "3"},
                                                                     {"-f", "a", "--start", "yesterday"},
                                                                     {"-f", "a", "-o", "yaml"},
                                                                     {"-f", "a", "--pull-fails", "-1"}}) {
    const auto message = std::get<Message>(parse(arguments));
    EXPECT_EQ(message.exit_code, 2);
    EXPECT_EQ(std::count(message.text.begin(), message.text.end(), '\n'), 1) << message.text;
  }
}

}  // namespace
}  // namespace stint::cli
