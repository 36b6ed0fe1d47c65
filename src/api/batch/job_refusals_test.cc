// The rules of Jobs one by one, as a table: what is sent, and where and why it is refused.
#include "api/batch/job.h"
#include "api/rules_fixture.h"

namespace stint::batch {
namespace {

using namespace rules_fixture;
using batchv1::Job;

constexpr std::string_view kInvalid = "FieldValueInvalid";
constexpr std::string_view kRequired = "FieldValueRequired";
constexpr std::string_view kNotSupported = "FieldValueNotSupported";
constexpr std::string_view kTooMany = "FieldValueTooMany";
constexpr std::string_view kTooLong = "FieldValueTooLong";
constexpr std::string_view kForbidden = "FieldValueForbidden";
constexpr std::string_view kMedium =
    "metadata: {name: pi}\nspec:\n  template: {spec: {restartPolicy: Never, containers: [{name: main, image: b}]}}\n";

Job with_spec(const std::string& spec) { return from_yaml<Job>(std::string(kMedium) + (spec.empty() ? "" : "  " + spec + "\n")); }

std::string repeated(const std::string& item, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (i == 0 ? "" : ", ") + item;
  return "[" + list + "]";
}

// A failure policy of one rule, as it stands in `spec`.
std::string rule(const std::string& text) { return "podFailurePolicy: {rules: [{" + text + "}]}"; }
std::string indexed(const std::string& text) { return "completionMode: Indexed\n  completions: 5\n  " + text; }
std::string many_indexes(const std::string& text) {
  return "completionMode: Indexed\n  completions: 100001\n  backoffLimitPerIndex: 1\n  " + text;
}

struct Refusal {
  std::string spec, field;
  std::string_view reason, fragment = "";
};

void expect_refusals(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const Outcome<Job> outcome = create(with_spec(refusal.spec));
    EXPECT_TRUE(outcome.refused(refusal.field, refusal.reason, refusal.fragment)) << refusal.spec.substr(0, 200) << "\n" << outcome;
  }
}

TEST(JobRefusals, CountsAndLimits) {
  constexpr std::string_view kNegative = "must be greater than or equal to 0";
  expect_refusals({
      {"activeDeadlineSeconds: -1", "spec.activeDeadlineSeconds", kInvalid, kNegative},
      {indexed("backoffLimitPerIndex: -1"), "spec.backoffLimitPerIndex", kInvalid, kNegative},
      {indexed("backoffLimitPerIndex: 1\n  maxFailedIndexes: -1"), "spec.maxFailedIndexes", kInvalid, kNegative},
      {indexed("maxFailedIndexes: 1"), "spec.backoffLimitPerIndex", kRequired},
      {indexed("backoffLimitPerIndex: 1\n  maxFailedIndexes: 6"), "spec.maxFailedIndexes", kInvalid, "less than or equal to completions"},
      {many_indexes("maxFailedIndexes: 100001"), "spec.maxFailedIndexes", kInvalid, "100000"},
      {many_indexes("maxFailedIndexes: 10001"), "spec.maxFailedIndexes", kInvalid, "10000"},
      {"completionMode: Sorted", "spec.completionMode", kNotSupported},
      {"maxFailedIndexes: 1", "spec.maxFailedIndexes", kInvalid, "requires indexed completion mode"},
      {"successPolicy: {rules: [{succeededCount: 1}]}", "spec.successPolicy", kInvalid, "requires indexed completion mode"},
      {"podReplacementPolicy: Always", "spec.podReplacementPolicy", kNotSupported},
  });
  for (const char* zero :
       {"parallelism: 0", "completions: 0", "activeDeadlineSeconds: 0", "backoffLimit: 0", "ttlSecondsAfterFinished: 0"}) {
    EXPECT_TRUE(create(with_spec(zero)).accepted()) << zero;
  }
}

TEST(JobRefusals, NamesOfControllers) {
  expect_refusals({
      {"managedBy: example.com/", "spec.managedBy", kInvalid, "domain-prefixed path"},
      {"managedBy: /x", "spec.managedBy", kInvalid, "domain-prefixed path"},
      {"managedBy: \"example.com/a b\"", "spec.managedBy", kInvalid, "Invalid path"},
  });
}

TEST(JobRefusals, RulesOfAFailurePolicy) {
  const std::string path = "spec.podFailurePolicy.rules";
  const std::string exit_codes = "onExitCodes: {operator: In, values: [1]}";
  const std::string condition = "{type: DisruptionTarget, status: \"True\"}";
  expect_refusals({
      {"podFailurePolicy: {rules: " + repeated("{action: Count, " + exit_codes + "}", 21) + "}", path, kTooMany},
      {rule("action: \"\", " + exit_codes), path + "[0].action", kRequired},
      {rule("action: Explode, " + exit_codes), path + "[0].action", kNotSupported},
      {rule("action: Count, " + exit_codes + ", onPodConditions: [" + condition + "]"), path + "[0]", kInvalid, "specifying both"},
      {rule("action: Count, onExitCodes: {operator: \"\", values: [1]}"), path + "[0].onExitCodes.operator", kRequired},
      {rule("action: Count, onExitCodes: {operator: Near, values: [1]}"), path + "[0].onExitCodes.operator", kNotSupported},
      {rule("action: Count, onPodConditions: " + repeated(condition, 21)), path + "[0].onPodConditions", kTooMany},
      {rule("action: Count, onPodConditions: [{type: \"a b\"}]"), path + "[0].onPodConditions[0].type", kInvalid},
      {rule("action: Count, onPodConditions: [{type: Ready, status: Maybe}]"), path + "[0].onPodConditions[0].status", kNotSupported},
  });
  std::string codes;
  for (int i = 1; i <= 256; ++i) codes += (i == 1 ? "" : ", ") + std::to_string(i);
  expect_refusals(
      {{rule("action: Count, onExitCodes: {operator: In, values: [" + codes + "]}"), path + "[0].onExitCodes.values", kTooMany}});
  EXPECT_TRUE(create(with_spec("podFailurePolicy: {rules: []}")).accepted());
}

TEST(JobRefusals, RulesOfASuccessPolicy) {
  const std::string path = "spec.successPolicy.rules";
  expect_refusals({
      {indexed("successPolicy: {rules: []}"), path, kRequired},
      {indexed("successPolicy: {rules: " + repeated("{succeededCount: 1}", 21) + "}"), path, kTooMany},
      {indexed("successPolicy: {rules: [{succeededCount: -1}]}"), path + "[0].succeededCount", kInvalid, "greater than or equal to 0"},
      {indexed("successPolicy: {rules: [{succeededCount: 6}]}"), path + "[0].succeededCount", kInvalid, "number of specified completions"},
      {indexed("successPolicy: {rules: [{succeededIndexes: \"" + std::string(65537, '1') + "\"}]}"), path + "[0].succeededIndexes",
       kTooLong},
  });
  // Pieces that are no numbers, without an end, or the wrong way round.
  for (const char* indexes : {"a", "1,", "1-", "1-2-3", "3-1", "1, 2", "-1", "2,2"}) {
    const std::string spec = indexed("successPolicy: {rules: [{succeededIndexes: \"" + std::string(indexes) + "\"}]}");
    expect_refusals({{spec, path + "[0].succeededIndexes", kInvalid, "error parsing succeededIndexes: "}});
  }
  EXPECT_TRUE(create(with_spec(indexed("successPolicy: {rules: [{succeededIndexes: \"\"}]}"))).accepted()) << "which never matches";
}

TEST(JobRefusals, TheTemplate) {
  const auto with_pod = [](auto edit) {
    Job job = with_spec("");
    edit(*job.mutable_spec()->mutable_template_()->mutable_spec());
    return create(job);
  };
  const std::string path = "spec.template.spec.";
  EXPECT_TRUE(with_pod([](auto& pod) { pod.set_restartpolicy("Always"); }).refused(path + "restartPolicy", kRequired));
  EXPECT_TRUE(with_pod([](auto& pod) { pod.set_restartpolicy("Sometimes"); }).refused(path + "restartPolicy", kNotSupported));
  EXPECT_TRUE(with_pod([](auto& pod) { pod.add_ephemeralcontainers(); }).refused(path + "ephemeralContainers", kForbidden));
  EXPECT_TRUE(with_pod([](auto& pod) { pod.clear_containers(); }).refused(path + "containers", kRequired));
  Job policy = with_spec(rule("action: Count, onExitCodes: {operator: In, values: [1]}"));
  policy.mutable_spec()->mutable_template_()->mutable_spec()->set_restartpolicy("OnFailure");
  EXPECT_TRUE(create(policy).refused(path + "restartPolicy", kInvalid, "only \"Never\""));
}

TEST(JobRefusals, NameAndSelector) {
  Job capital = with_spec("");
  capital.mutable_metadata()->set_name("Pi");
  EXPECT_TRUE(create(capital).refused("metadata.name", kInvalid)) << create(capital);
  expect_refusals({
      {"manualSelector: true", "spec.selector", kRequired},
      {"manualSelector: true\n  selector: {matchLabels: {a: b}}", "spec.template.metadata.labels", kInvalid, "does not match"},
  });
}

TEST(JobRefusals, WhatIsFixedOnceMade) {
  const Job plain = create(with_spec("")).object;
  const Job policy = create(with_spec(rule("action: Count, onExitCodes: {operator: In, values: [1]}"))).object;
  const Job per_index = create(with_spec(indexed("backoffLimitPerIndex: 1\n  successPolicy: {rules: [{succeededCount: 1}]}"))).object;
  const Job managed = create(with_spec("managedBy: example.com/x")).object;
  constexpr std::string_view kFixed = "field is immutable";
  const auto fixed = [&](const Job& old, const std::string& field, auto edit) {
    const Outcome<Job> outcome = update_with(old, [&](Job& next) { edit(*next.mutable_spec()); });
    EXPECT_TRUE(outcome.refused(field, kInvalid, kFixed)) << outcome;
  };
  fixed(plain, "spec.selector", [](auto& spec) { (*spec.mutable_selector()->mutable_matchlabels())["a"] = "b"; });
  fixed(plain, "spec.completionMode", [](auto& spec) { spec.set_completionmode("Indexed"); });
  fixed(policy, "spec.podFailurePolicy", [](auto& spec) { spec.mutable_podfailurepolicy()->clear_rules(); });
  fixed(per_index, "spec.backoffLimitPerIndex", [](auto& spec) { spec.set_backofflimitperindex(2); });
  fixed(per_index, "spec.successPolicy", [](auto& spec) { spec.mutable_successpolicy()->mutable_rules(0)->set_succeededcount(2); });
  fixed(managed, "spec.managedBy", [](auto& spec) { spec.set_managedby("example.com/y"); });
  fixed(plain, "spec.managedBy", [](auto& spec) { spec.set_managedby("example.com/y"); });
  EXPECT_TRUE(update_with(per_index, [](Job& next) { next.mutable_spec()->clear_completions(); }).refused("spec.completions", kRequired));
}

TEST(JobRefusals, WhatMayStillChange) {
  const Job old = create(with_spec(indexed("backoffLimitPerIndex: 1"))).object;
  const Outcome<Job> outcome = update_with(old, [](Job& next) {
    auto& spec = *next.mutable_spec();
    spec.set_parallelism(2);
    spec.set_activedeadlineseconds(9);
    spec.set_backofflimit(3);
    spec.set_maxfailedindexes(2);
    spec.set_ttlsecondsafterfinished(7);
    spec.set_suspend(true);
    spec.set_manualselector(true);
    spec.set_podreplacementpolicy("Failed");
  });
  EXPECT_TRUE(outcome.accepted()) << outcome;
}

// What a suspended Job's template may still become, and what not.
TEST(JobRefusals, TheTemplateOfASuspendedJob) {
  Job old = with_spec("suspend: true");
  auto& placed = *old.mutable_spec()->mutable_template_()->mutable_spec();
  placed.mutable_affinity()->mutable_nodeaffinity();
  old = create(old).object;
  const auto edited = [](const Job& from, auto edit) {
    return update_with(from, [&](Job& next) { edit(*next.mutable_spec()->mutable_template_()); });
  };
  const auto open = [&](auto edit) { EXPECT_TRUE(edited(old, edit).accepted()) << edited(old, edit); };
  const auto closed = [&](const Job& from, auto edit) {
    EXPECT_TRUE(edited(from, edit).refused("spec.template.spec", kInvalid)) << edited(from, edit);
  };
  open([](auto& t) { (*t.mutable_metadata()->mutable_labels())["team"] = "a"; });
  open([](auto& t) { (*t.mutable_metadata()->mutable_annotations())["note"] = "a"; });
  open([](auto& t) { t.mutable_spec()->add_schedulinggates()->set_name("example.com/gate"); });
  open([](auto& t) {
    auto& toleration = *t.mutable_spec()->add_tolerations();
    toleration.set_key("k");
    toleration.set_operator_("Exists");
  });
  open([](auto& t) { t.mutable_spec()->clear_affinity(); });
  closed(old, [](auto& t) { t.mutable_spec()->mutable_affinity()->mutable_podaffinity(); });
  closed(old, [](auto& t) { t.mutable_spec()->mutable_containers(0)->add_command("true"); });
  closed(old, [](auto& t) { t.mutable_spec()->mutable_containers(0)->set_name("other"); });
  closed(old, [](auto& t) { *t.mutable_spec()->add_containers() = t.spec().containers(0); });
  Job apart = old;
  apart.mutable_spec()->mutable_template_()->mutable_spec()->mutable_affinity()->mutable_podantiaffinity();
  closed(apart, [](auto& t) { t.mutable_spec()->clear_affinity(); });
}

void add_condition(Job& job, const char* type, const char* status = "True") {
  auto& condition = *job.mutable_status()->add_conditions();
  condition.set_type(type);
  condition.set_status(status);
}

TEST(JobRefusals, StatusesThatContradictThemselves) {
  Job old = create(with_spec("")).object;
  old.mutable_status()->mutable_starttime()->set_seconds(1'800'000'000);
  const auto refused = [&](const std::string& field, std::string_view reason, auto edit) {
    const Outcome<Job> outcome = update_status_with(old, edit);
    EXPECT_TRUE(outcome.refused(field, reason)) << field << "\n" << outcome;
  };
  refused("status.active", kInvalid, [](Job& job) { job.mutable_status()->set_active(-1); });
  refused("status.succeeded", kInvalid, [](Job& job) { job.mutable_status()->set_succeeded(-1); });
  refused("status.failed", kInvalid, [](Job& job) { job.mutable_status()->set_failed(-1); });
  refused("status.ready", kInvalid, [](Job& job) { job.mutable_status()->set_ready(-1); });
  refused("status.terminating", kInvalid, [](Job& job) { job.mutable_status()->set_terminating(-1); });
  refused("status.ready", kInvalid, [](Job& job) { job.mutable_status()->set_ready(1); });
  const auto pair = [&](const char* one, const char* other) {
    refused("status.conditions", kInvalid, [&](Job& job) {
      add_condition(job, one);
      add_condition(job, other);
    });
  };
  pair("Complete", "Failed");
  pair("Complete", "FailureTarget");
  pair("SuccessCriteriaMet", "Failed");
  pair("SuccessCriteriaMet", "FailureTarget");
  refused("status.completionTime", kInvalid, [](Job& job) { job.mutable_status()->mutable_completiontime()->set_seconds(1'800'000'001); });
  const auto complete = [](Job& job) {
    add_condition(job, "SuccessCriteriaMet");
    add_condition(job, "Complete");
  };
  refused("status.completionTime", kRequired, complete);
  refused("status.completionTime", kInvalid, [&](Job& job) {
    complete(job);
    job.mutable_status()->mutable_completiontime()->set_seconds(1'799'999'999);
  });
  const auto fail = [](Job& job) {
    add_condition(job, "FailureTarget");
    add_condition(job, "Failed");
  };
  refused("status.active", kInvalid, [&](Job& job) { fail(job), job.mutable_status()->set_active(1); });
  refused("status.terminating", kInvalid, [&](Job& job) { fail(job), job.mutable_status()->set_terminating(1); });
  refused("status.uncountedTerminatedPods", kInvalid,
          [&](Job& job) { fail(job), job.mutable_status()->mutable_uncountedterminatedpods()->add_failed("a"); });
  refused("status.startTime", kRequired, [&](Job& job) { fail(job), job.mutable_status()->clear_starttime(); });
  refused("status.startTime", kInvalid, [](Job& job) { job.mutable_status()->clear_starttime(); });
}

TEST(JobRefusals, StatusesThatTakeBackWhatWasDecided) {
  const Job running = create(with_spec("")).object;
  for (const char* type : {"Failed", "FailureTarget", "SuccessCriteriaMet"}) {
    Job old = running;
    add_condition(old, type);
    const Outcome<Job> outcome =
        update_status_with(old, [](Job& next) { next.mutable_status()->mutable_conditions(0)->set_status("False"); });
    EXPECT_TRUE(outcome.refused("status.conditions", kInvalid, "cannot disable")) << type << "\n" << outcome;
  }
  Job old = running;
  old.mutable_status()->set_failed(2);
  EXPECT_TRUE(update_status_with(old, [](Job& next) { next.mutable_status()->set_failed(1); }).refused("status.failed", kInvalid));
  add_condition(old, "Complete");
  EXPECT_TRUE(update_status_with(old, [](Job& next) {
                add_condition(next, "SuccessCriteriaMet");
              }).refused("status.conditions", kInvalid, "already has"));
}

}  // namespace
}  // namespace stint::batch
