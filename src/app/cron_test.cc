#include "app/cron.h"

#include <gmock/gmock.h>

#include <sstream>

#include "api/json.h"
#include "api/object.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Ran {
  int code = -1;
  std::string out, err;
};

Ran run(cli::CronCommand command, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, err;
  if (!command.from) command.from = parse_rfc3339("2026-03-28T00:00:00Z").value();
  const int code = run_cron(command, in, out, err);
  return {code, out.str(), err.str()};
}

Ran next(std::string schedule, std::string zone, bool as_json = false) {
  return run({.verb = cli::CronCommand::Verb::kNext,
              .as_json = as_json,
              .schedule = std::move(schedule),
              .time_zone = std::move(zone),
              .count = 2});
}

Ran check(const std::string& input, bool as_json = false) {
  return run({.verb = cli::CronCommand::Verb::kCheck, .as_json = as_json, .files = {"-"}, .span = std::chrono::days(7), .run_time = 10min},
             input);
}

std::string manifest(const std::string& name, const std::string& schedule, const std::string& more = "") {
  return "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: " + name + "}\nspec:\n  schedule: \"" + schedule + "\"\n" + more +
         "  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}}}\n";
}

TEST(CronNext, ShowsTheTimesAndTheOneThatASpringChangeSkips) {
  const Ran ran = next("30 2 * * *", "Europe/Madrid");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "LOCAL                          UTC                   NOTE\n"
            "Sat 2026-03-28T02:30:00+01:00  2026-03-28T01:30:00Z\n"
            "Sun 2026-03-29T02:30:00        -                     the clock goes forward from 02:00 to 03:00: skipped\n"
            "Mon 2026-03-30T02:30:00+02:00  2026-03-30T00:30:00Z\n");
}

TEST(CronNext, IsJsonWhereAsked) {
  const json::Value document = json::parse(next("30 2 * * *", "Europe/Madrid", true).out).value();
  const json::Array& times = document.find("times")->as_array();
  ASSERT_EQ(times.size(), 3u);
  EXPECT_EQ(times[0].string_at("local"), "2026-03-28T02:30:00+01:00");
  EXPECT_TRUE(times[1].find("utc")->is_null());
  EXPECT_EQ(times[2].string_at("utc"), "2026-03-30T00:30:00Z");
}

TEST(CronNext, SaysNeverWithCode1AndRefusesNonsenseWithCode2) {
  EXPECT_EQ(next("59 23 31 2 *", "").code, 1);
  const Ran nonsense = next("0 0 * * 7", "");
  EXPECT_EQ(nonsense.code, 2);
  EXPECT_EQ(nonsense.err, "stint: end of range (7) above maximum (6): 7\n");
  EXPECT_EQ(next("@daily", "Mars/Base").code, 2);
  const Ran late = run({.verb = cli::CronCommand::Verb::kNext, .from = kTimeMax, .schedule = "@daily"});
  EXPECT_EQ(late.code, 2);
  EXPECT_THAT(late.err, HasSubstr("--from: no times are known after "));
}

TEST(CronCheck, IsCleanWithCode0) {
  const Ran ran = check("# two documents\n" + manifest("a", "0 3 * * *") + "---\nkind: ConfigMap\n---\n" + manifest("b", "@hourly"));
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.out,
            "default/a  0 3 * * *  7 runs in 7d, the next at 2026-03-28T03:00:00Z\n"
            "default/b  @hourly  168 runs in 7d, the next at 2026-03-28T01:00:00Z\n"
            "CronJobs: 2, warnings: 0\n");
}

TEST(CronCheck, WarnsWithCode1) {
  const Ran ran = check(manifest("a", "*/5 * * * *", "  concurrencyPolicy: Replace\n") + "---\n" +
                        manifest("b", "30 2 * * *", "  timeZone: Europe/Madrid\n"));
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\n  warning Overlap: the run before still runs at 2026-03-28T00:10:00Z"));
  EXPECT_THAT(ran.out, HasSubstr("\n  warning SkippedRun: 2026-03-29T02:30:00: "));
  EXPECT_THAT(ran.out, HasSubstr("\nCronJobs: 2, warnings: 2\n"));
}

TEST(CronCheck, IsJsonWhereAskedAndReadsLists) {
  const std::string list = R"({"kind": "List", "items": [{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"}, "spec": {
      "schedule": "59 23 31 2 *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
      "containers": [{"name": "c", "image": "i"}]}}}}}}]})";
  const Ran ran = check(list, true);
  EXPECT_EQ(ran.code, 1) << ran.err;
  const json::Value document = json::parse(ran.out).value();
  EXPECT_EQ(document.find("warnings")->as_int(), 1);
  const json::Value& found = document.find("cronJobs")->as_array().at(0);
  EXPECT_EQ(found.string_at("name"), "a");
  EXPECT_EQ(found.find("findings")->as_array().at(0).string_at("reason"), "NeverRuns");
}

TEST(CronCheck, RefusesBadInputWithCode2) {
  for (const std::string& bad : {std::string("a: b: c"), std::string("just words"), std::string(""), manifest("a", "60 * * * *"),
                                 manifest("a", "@daily", "  nonsense: 1\n"), manifest("a", "@daily", "  timeZone: Mars/Base\n")}) {
    const Ran ran = check(bad);
    EXPECT_EQ(ran.code, 2) << bad;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
  EXPECT_THAT(check(manifest("a", "60 * * * *")).err, HasSubstr("CronJob a: spec.schedule: Invalid value: \"60 * * * *\": end of range"));
  const Ran twice = check(manifest("A_b", "60 * * * *"));
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("CronJob A_b: metadata.name: Invalid value: \"A_b\""));
  EXPECT_THAT(twice.err, HasSubstr("; spec.schedule: Invalid value: \"60 * * * *\": end of range")) << "all that the server would say";
  EXPECT_EQ(run({.verb = cli::CronCommand::Verb::kCheck, .files = {"/no/such/file"}}).code, 2);
}

}  // namespace
}  // namespace stint
