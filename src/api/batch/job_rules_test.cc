#include "api/batch/job.h"
#include "api/rules_fixture.h"

namespace stint::batch {
namespace {

using namespace rules_fixture;
using batchv1::Job;

constexpr std::string_view kInvalid = "FieldValueInvalid";
constexpr std::string_view kRequired = "FieldValueRequired";
constexpr std::string_view kNotSupported = "FieldValueNotSupported";

// A Job with one container; the text is what stands in `spec` before the template.
Job job(std::string_view spec, std::string_view name = "pi", std::string_view metadata = "") {
  std::string text = "metadata:\n  name: \"" + std::string(name) + "\"\n" + std::string(metadata) + "spec:\n";
  if (!spec.empty()) text += "  " + std::string(spec) + "\n";
  text += "  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: main, image: busybox}\n";
  text += "      initContainers:\n      - {name: setup, image: busybox}\n";
  return from_yaml<Job>(text);
}

TEST(JobDefaults, OneOfEachWhenNeitherParallelismNorCompletionsIsGiven) {
  Outcome<Job> both = create(job(""));
  EXPECT_TRUE(both.accepted()) << both;
  EXPECT_EQ(both.object.spec().parallelism(), 1);
  EXPECT_EQ(both.object.spec().completions(), 1);
  EXPECT_FALSE(create(job("parallelism: 3")).object.spec().has_completions());
  EXPECT_EQ(create(job("completions: 5")).object.spec().parallelism(), 1);
}

TEST(JobDefaults, BackoffLimitIsUnboundedWhenThereIsOnePerIndex) {
  EXPECT_EQ(create(job("")).object.spec().backofflimit(), 6);
  Outcome<Job> per_index = create(job("completionMode: Indexed\n  completions: 2\n  backoffLimitPerIndex: 1"));
  EXPECT_TRUE(per_index.accepted()) << per_index;
  EXPECT_EQ(per_index.object.spec().backofflimit(), 2147483647);
}

TEST(JobDefaults, PodReplacementPolicyFollowsTheFailurePolicy) {
  constexpr std::string_view kPolicy = "podFailurePolicy:\n    rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]";
  Outcome<Job> defaulted = create(job(kPolicy));
  EXPECT_TRUE(defaulted.accepted()) << defaulted;
  EXPECT_EQ(defaulted.object.spec().podreplacementpolicy(), "Failed");
  Outcome<Job> chosen = create(job(std::string(kPolicy) + "\n  podReplacementPolicy: TerminatingOrFailed"));
  EXPECT_TRUE(chosen.refused("spec.podReplacementPolicy", kNotSupported)) << chosen;
}

TEST(JobValidation, RestartPolicyMustBeGiven) {
  Job without = job("");
  without.mutable_spec()->mutable_template_()->mutable_spec()->clear_restartpolicy();
  EXPECT_TRUE(create(without).refused("spec.template.spec.restartPolicy", kRequired, "valid values: \"OnFailure\", \"Never\""));
}

TEST(JobLabels, AJobWithoutLabelsTakesThoseOfItsPods) {
  Outcome<Job> made = create(job(""));
  const auto& labels = made.object.metadata().labels();
  ASSERT_EQ(labels.size(), 4u);
  EXPECT_EQ(labels.at("job-name"), "pi");
  EXPECT_EQ(labels.at("batch.kubernetes.io/job-name"), "pi");
  EXPECT_EQ(labels.at("controller-uid"), made.object.metadata().uid());
  EXPECT_EQ(made.object.spec().selector().matchlabels().at("batch.kubernetes.io/controller-uid"), made.object.metadata().uid());
  EXPECT_EQ(create(job("", "pi", "  labels: {a: b}\n")).object.metadata().labels().size(), 1u);
}

TEST(JobLabels, AWrongJobNameLabelIsRefused) {
  Job wrong = job("");
  (*wrong.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["job-name"] = "other";
  EXPECT_TRUE(create(wrong).refused("spec.template.metadata.labels[job-name]", kInvalid, "must be 'pi'"));
}

TEST(JobLabels, AnExportedJobUnderANewNameIsRefused) {
  Job exported = create(job("")).object;
  exported.mutable_metadata()->set_name("copy");
  for (const char* key : {"controller-uid", "batch.kubernetes.io/controller-uid"}) {
    (*exported.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())[key] = "old";
  }
  (*exported.mutable_spec()->mutable_selector()->mutable_matchlabels())["batch.kubernetes.io/controller-uid"] = "old";
  Outcome<Job> outcome = create(exported);
  EXPECT_TRUE(outcome.refused("spec.template.metadata.labels[batch.kubernetes.io/controller-uid]", kInvalid)) << outcome;
  EXPECT_TRUE(outcome.refused("spec.template.metadata.labels[job-name]", kInvalid)) << outcome;
  EXPECT_TRUE(outcome.refused("spec.selector", kInvalid, "not auto-generated")) << outcome;
}

TEST(JobLabels, AUserSelectorNeedsManualSelector) {
  EXPECT_TRUE(create(job("selector: {matchLabels: {app: x}}")).refused("spec.selector", kInvalid, "not auto-generated"));
  Job manual = job("manualSelector: true\n  selector: {matchLabels: {app: x}}");
  (*manual.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "x";
  Outcome<Job> outcome = create(manual);
  EXPECT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(outcome.object.spec().template_().metadata().labels().size(), 1u);
}

TEST(JobNames, AreBoundByTheLabelAndByTheHostnamesOfIndexedPods) {
  EXPECT_TRUE(create(job("", std::string(64, 'a'))).refused("spec.template.labels", kInvalid, "must be no more than 63 bytes"));
  Outcome<Job> dotted = create(job("", "a.b"));
  EXPECT_TRUE(dotted.accepted()) << dotted;
  ASSERT_EQ(warnings_on_create(dotted.object).size(), 1u);
  EXPECT_TRUE(warnings_on_create(dotted.object)[0].starts_with("metadata.name: this is used in Pod names and hostnames"));
  constexpr std::string_view kDetail = "will not able to create pod with invalid DNS label:";
  EXPECT_TRUE(create(job("completionMode: Indexed\n  completions: 1", "a.b")).refused("metadata.name", kInvalid, kDetail));
}

TEST(JobNames, TheLastIndexDecidesHowLongAnIndexedNameMayBe) {
  std::string name(61, 'a');
  EXPECT_TRUE(create(job("completionMode: Indexed\n  completions: 11", name)).refused("metadata.name", kInvalid));
  Outcome<Job> ten = create(job("completionMode: Indexed\n  completions: 10\n  parallelism: 10", name));
  ASSERT_TRUE(ten.accepted()) << ten;
  Outcome<Job> scaled = update_with(ten.object, [](Job& next) {
    next.mutable_spec()->set_completions(11);
    next.mutable_spec()->set_parallelism(11);
  });
  EXPECT_TRUE(scaled.refused("metadata.name", kInvalid)) << scaled;
}

TEST(JobValidation, BoundsOfIndexedJobs) {
  EXPECT_TRUE(create(job("completionMode: Indexed\n  completions: 1\n  parallelism: 100001")).refused("spec.parallelism", kInvalid));
  Outcome<Job> many = create(job("completionMode: Indexed\n  completions: 100001\n  backoffLimitPerIndex: 1\n  parallelism: 10001"));
  EXPECT_TRUE(many.refused("spec.maxFailedIndexes", kRequired)) << many;
  EXPECT_TRUE(many.refused("spec.parallelism", kInvalid)) << many;
  EXPECT_TRUE(create(job("completionMode: Indexed\n  parallelism: 2")).refused("spec.completions", kRequired));
  EXPECT_TRUE(create(job("backoffLimitPerIndex: 1")).refused("spec.backoffLimitPerIndex", kInvalid, "requires indexed completion mode"));
}

TEST(JobValidation, AllErrorsAreListedAtOnce) {
  Outcome<Job> outcome = create(job("parallelism: -1\n  completions: -1\n  backoffLimit: -1\n  ttlSecondsAfterFinished: -1"));
  for (const char* field : {"spec.parallelism", "spec.completions", "spec.backoffLimit", "spec.ttlSecondsAfterFinished"}) {
    EXPECT_TRUE(outcome.refused(field, kInvalid, "Invalid value: -1: must be greater than or equal to 0")) << field << "\n" << outcome;
  }
}

TEST(JobFailurePolicy, ExitCodesAreOrderedOnceEachAndNotZeroWithIn) {
  auto with = [](std::string_view op, std::string_view values) {
    return create(job("podFailurePolicy:\n    rules: [{action: FailJob, onExitCodes: {operator: " + std::string(op) +
                      ", values: " + std::string(values) + "}}]"));
  };
  const std::string path = "spec.podFailurePolicy.rules[0].onExitCodes.values";
  EXPECT_TRUE(with("In", "[2, 1]").refused(path, kInvalid, "[2,1]: must be ordered"));
  EXPECT_TRUE(with("In", "[1, 1]").refused(path + "[1]", "FieldValueDuplicate", "Duplicate value: 1"));
  EXPECT_TRUE(with("In", "[0]").refused(path + "[0]", kInvalid, "must not be 0 for the In operator"));
  EXPECT_TRUE(with("In", "[]").refused(path, kInvalid, "at least one value is required"));
  EXPECT_TRUE(with("NotIn", "[0]").accepted()) << with("NotIn", "[0]");
}

TEST(JobFailurePolicy, NamesAContainerOfTheTemplate) {
  auto with = [](std::string_view name) {
    return create(job("podFailurePolicy:\n    rules: [{action: Ignore, onExitCodes: {containerName: " + std::string(name) +
                      ", operator: In, values: [1]}}]"));
  };
  EXPECT_TRUE(with("nobody").refused("spec.podFailurePolicy.rules[0].onExitCodes.containerName", kInvalid));
  EXPECT_TRUE(with("setup").accepted());
}

TEST(JobFailurePolicy, ARuleIsAboutExitCodesOrConditions) {
  Outcome<Job> neither = create(job("podFailurePolicy:\n    rules: [{action: FailIndex}]"));
  EXPECT_TRUE(neither.refused("spec.podFailurePolicy.rules[0]", kInvalid, "Invalid value: specifying one of")) << neither;
  EXPECT_TRUE(neither.refused("spec.podFailurePolicy.rules[0].action", kInvalid, "requires the backoffLimitPerIndex")) << neither;
  Outcome<Job> condition = create(job("podFailurePolicy:\n    rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]"));
  ASSERT_TRUE(condition.accepted()) << condition;
  EXPECT_EQ(condition.object.spec().podfailurepolicy().rules(0).onpodconditions(0).status(), "True");
}

TEST(JobSuccessPolicy, HoldsIndexesAndCountToTheCompletions) {
  auto with = [](std::string_view rule) {
    return create(job("completionMode: Indexed\n  completions: 5\n  successPolicy: {rules: [" + std::string(rule) + "]}"));
  };
  const std::string path = "spec.successPolicy.rules[0]";
  EXPECT_TRUE(with("{succeededIndexes: \"0,2-4\", succeededCount: 4}").accepted());
  EXPECT_TRUE(with("{succeededIndexes: \"0-1\", succeededCount: 3}").refused(path + ".succeededCount", kInvalid));
  EXPECT_TRUE(
      with("{succeededIndexes: \"3,1\"}").refused(path + ".succeededIndexes", kInvalid, "non-increasing order, previous: 3, current: 1"));
  EXPECT_TRUE(with("{succeededIndexes: \"5\"}").refused(path + ".succeededIndexes", kInvalid, "too large index:"));
  EXPECT_TRUE(with("{}").refused(path, kRequired));
  EXPECT_TRUE(create(job("completionMode: Indexed\n  parallelism: 1\n  successPolicy: {rules: [{succeededCount: 1}]}"))
                  .refused("spec.completions", kRequired));
}

TEST(JobValidation, ManagedByIsADomainPrefixedPath) {
  EXPECT_TRUE(create(job("managedBy: example.com/controller")).accepted());
  EXPECT_TRUE(create(job("managedBy: \"\"")).refused("spec.managedBy", kRequired));
  EXPECT_TRUE(create(job("managedBy: controller")).refused("spec.managedBy", kInvalid));
  EXPECT_TRUE(create(job("managedBy: Example.com/controller")).refused("spec.managedBy", kInvalid));
  EXPECT_TRUE(create(job("managedBy: example.com/" + std::string(60, 'a'))).refused("spec.managedBy", "FieldValueTooLong", "63 bytes"));
}

TEST(JobUpdate, CompletionsOfANonIndexedJobStay) {
  Job old = create(job("completions: 3\n  parallelism: 1")).object;
  Outcome<Job> completions = update_with(old, [](Job& next) { next.mutable_spec()->set_completions(4); });
  EXPECT_TRUE(completions.refused("spec.completions", kInvalid, "Invalid value: 4: field is immutable")) << completions;
  EXPECT_TRUE(update_with(old, [](Job& next) { next.mutable_spec()->set_parallelism(4); }).accepted());
}

TEST(JobUpdate, CompletionsOfAnIndexedJobChangeWithItsParallelism) {
  Job old = create(job("completionMode: Indexed\n  completions: 5\n  parallelism: 5")).object;
  auto resized = [&](int completions, int parallelism) {
    return update_with(old, [&](Job& next) {
      next.mutable_spec()->set_completions(completions);
      next.mutable_spec()->set_parallelism(parallelism);
    });
  };
  EXPECT_TRUE(resized(8, 8).accepted()) << resized(8, 8);
  EXPECT_TRUE(resized(8, 5).refused("spec.completions", kInvalid, "can only be modified in tandem with"));
}

TEST(JobUpdate, TheTemplateOfARunningJobStays) {
  Job old = create(job("")).object;
  auto pod = [](Job& next) { return next.mutable_spec()->mutable_template_()->mutable_spec(); };
  Outcome<Job> image = update_with(old, [&](Job& next) { pod(next)->mutable_containers(0)->set_image("other"); });
  EXPECT_TRUE(image.refused("spec.template", kInvalid, "field is immutable")) << image;
  EXPECT_TRUE(update_with(old, [&](Job& next) { (*pod(next)->mutable_nodeselector())["a"] = "b"; }).refused("spec.template", kInvalid));
}

void choose_node(Job& next) {
  corev1::PodSpec& pod = *next.mutable_spec()->mutable_template_()->mutable_spec();
  (*pod.mutable_nodeselector())["a"] = "b";
  (*pod.mutable_containers(0)->mutable_resources()->mutable_requests())["cpu"].set_string("1");
}

TEST(JobUpdate, ASuspendedJobMayStillBePlaced) {
  Job old = create(job("suspend: true")).object;
  Outcome<Job> placed = update_with(old, choose_node);
  EXPECT_TRUE(placed.accepted()) << placed;
  Outcome<Job> image =
      update_with(old, [](Job& next) { next.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image("x"); });
  EXPECT_TRUE(image.refused("spec.template.spec", kInvalid)) << image;
}

TEST(JobUpdate, ASuspendedJobIsClosedUntilItsPodsAreGone) {
  Job old = create(job("suspend: true")).object;
  old.mutable_status()->mutable_starttime()->set_seconds(1'800'000'001);
  EXPECT_TRUE(update_with(old, choose_node).refused("spec.template", kInvalid));
  batchv1::JobCondition& suspended = *old.mutable_status()->add_conditions();
  suspended.set_type("Suspended");
  suspended.set_status("True");
  old.mutable_status()->set_active(1);
  EXPECT_TRUE(update_with(old, choose_node).refused("spec.template", kInvalid));
  old.mutable_status()->set_active(0);
  EXPECT_TRUE(update_with(old, choose_node).accepted());
}

TEST(JobUpdate, OneRequestMayPlaceAndResumeButNotSuspendAndPlace) {
  Job suspended = create(job("suspend: true")).object;
  EXPECT_TRUE(update_with(suspended, [](Job& next) {
                choose_node(next);
                next.mutable_spec()->set_suspend(false);
              }).accepted());
  Job running = create(job("")).object;
  EXPECT_TRUE(update_with(running, [](Job& next) {
                choose_node(next);
                next.mutable_spec()->set_suspend(true);
              }).refused("spec.template", kInvalid));
}

TEST(JobUpdate, TheFirstManifestLacksTheSelector) {
  Job old = create(job("")).object;
  Job first = job("");
  first.mutable_metadata()->MergeFrom(old.metadata());
  Outcome<Job> outcome = update(old, first);
  EXPECT_TRUE(outcome.refused("spec.selector", kRequired)) << outcome;
  EXPECT_TRUE(outcome.refused("spec.selector", kInvalid, "field is immutable")) << outcome;
  EXPECT_TRUE(outcome.refused("spec.template", kInvalid)) << outcome;
}

TEST(JobUpdate, WhatWasReadMayBeSentBack) {
  Job old = create(job("")).object;
  Job sent;
  ASSERT_TRUE(json::decode(json::to_value(old), sent));
  Outcome<Job> outcome = update(old, sent);
  EXPECT_TRUE(outcome.accepted()) << outcome;
}

TEST(JobUpdate, EachEndpointKeepsTheOthersPart) {
  Job old = create(job("")).object;
  old.mutable_status()->set_active(1);
  EXPECT_EQ(update_with(old, [](Job& next) { next.mutable_status()->set_active(7); }).object.status().active(), 1);
  EXPECT_EQ(update_status_with(old, [](Job& next) { next.mutable_spec()->set_parallelism(7); }).object.spec().parallelism(), 1);
  Job with_status = job("");
  with_status.mutable_status()->set_active(3);
  EXPECT_EQ(create(with_status).object.status().active(), 0);
}

TEST(JobTable, SelectsBySucceededPods) {
  Job job_of_one = create(job("")).object;
  job_of_one.mutable_status()->set_succeeded(1);
  const SelectableField& field = kind_of<Job>().rules->fields[0];
  EXPECT_EQ(field.name, "status.successful");
  EXPECT_EQ(field.read(job_of_one), "1");
}

TEST(JobTable, AFailedJobsDurationKeepsGrowing) {
  Job failed = create(job("")).object;
  failed.mutable_status()->mutable_starttime()->set_seconds(1'800'000'000);
  batchv1::JobCondition& condition = *failed.mutable_status()->add_conditions();
  condition.set_type("Failed");
  condition.set_status("True");
  std::vector<std::string> row = cells(failed, at(1'800'000'090));
  EXPECT_EQ(std::vector(row.begin(), row.begin() + 7), (std::vector<std::string>{"pi", "Failed", "0/1", "90s", "90s", "main", "busybox"}));
  EXPECT_EQ(row[7], "batch.kubernetes.io/controller-uid=" + failed.metadata().uid());
}

TEST(JobTable, AWorkQueueShowsItsParallelism) {
  Job queue = create(job("parallelism: 3")).object;
  queue.mutable_status()->set_succeeded(1);
  EXPECT_EQ(cells(queue, at(1'800'000'000))[2], "1/1 of 3");
  EXPECT_EQ(cells(queue, at(1'800'000'000))[3], "");
}

}  // namespace
}  // namespace stint::batch
