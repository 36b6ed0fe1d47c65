#include "cli/cron_command.h"

#include <CLI/CLI.hpp>

#include "cli/parsed_option.h"
#include "cli/simulate_command.h"

namespace stint::cli {
namespace {

constexpr int kCountMax = 1000;

void add_shared(CLI::App& verb, CronCommand& options) {
  add_parsed(verb, "--from", options.from, parse_time, "the time from which to look (default: now)");
  verb.add_option_function<std::string>(
          "-o,--output", [&options](const std::string& name) { options.as_json = name == "json"; }, "how to print it (default: table)")
      ->check(CLI::IsMember({"table", "json"}));
}

}  // namespace

void add_cron(CLI::App& app, CronCommand& options) {
  auto* cron = app.add_subcommand("cron", "look at the schedules of CronJobs before time does");
  cron->require_subcommand(1);
  auto* next = cron->add_subcommand("next", "the next times of a schedule, and what a change of the clock skips or repeats");
  next->add_option("SCHEDULE", options.schedule, "as in spec.schedule, such as \"0 3 * * mon\"")->required();
  next->add_option("--time-zone", options.time_zone, "as in spec.timeZone (default: UTC)");
  next->add_option("-n,--count", options.count, "how many times")->capture_default_str()->check(CLI::Range(1, kCountMax));
  add_shared(*next, options);
  next->callback([&options] { options.verb = CronCommand::Verb::kNext; });
  auto* check = cron->add_subcommand("check", "overlaps, skipped runs and other surprises of CronJobs; exit code 1 if there are any");
  check->add_option("-f,--filename", options.files, "manifests, YAML or JSON; - for standard input")->required();
  add_parsed(*check, "--for", options.span, parse_span, "how far to look (default: 30d)");
  add_parsed(*check, "--run-time", options.run_time, parse_span, "how long each Job runs; without it nothing is said of overlaps");
  add_shared(*check, options);
  check->callback([&options] { options.verb = CronCommand::Verb::kCheck; });
}

}  // namespace stint::cli
