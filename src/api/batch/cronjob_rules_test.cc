#include "api/batch/cronjob.h"
#include "api/rules_fixture.h"

namespace stint::batch {
namespace {

using namespace rules_fixture;
using batchv1::CronJob;

constexpr std::string_view kInvalid = "FieldValueInvalid";

CronJob cron_job(std::string_view schedule, std::string_view more = "", std::string_view name = "c") {
  return from_yaml<CronJob>(
      "metadata: {name: " + std::string(name) + "}\nspec:\n  schedule: \"" + std::string(schedule) + "\"\n" + std::string(more) +
      "  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}}}\n");
}

TEST(CronJobDefaults, AreFilledIn) {
  Outcome<CronJob> made = create(cron_job("*/5 * * * *"));
  ASSERT_TRUE(made.accepted()) << made;
  const batchv1::CronJobSpec& spec = made.object.spec();
  EXPECT_EQ(spec.concurrencypolicy(), "Allow");
  EXPECT_TRUE(spec.has_suspend());
  EXPECT_EQ(spec.successfuljobshistorylimit(), 3);
  EXPECT_EQ(spec.failedjobshistorylimit(), 1);
  EXPECT_EQ(made.object.metadata().generation(), 1);
  EXPECT_FALSE(spec.jobtemplate().spec().has_backofflimit());
  EXPECT_EQ(spec.jobtemplate().spec().template_().spec().dnspolicy(), "ClusterFirst");
}

TEST(CronJobValidation, ANameLeavesRoomForTheJobsSuffix) {
  EXPECT_TRUE(create(cron_job("@daily", "", std::string(52, 'a'))).accepted());
  EXPECT_TRUE(
      create(cron_job("@daily", "", std::string(53, 'a'))).refused("metadata.name", kInvalid, "must be no more than 52 characters"));
}

TEST(CronJobValidation, TheScheduleMustParse) {
  for (const char* bad : {"0 0 * * 7", "60 * * * *", "* * * *", "@reboot", "*/0 * * * *", "0 0 * * FRI-MON", "TZ=UTC 0 * * * *", "TZ=0"}) {
    EXPECT_TRUE(create(cron_job(bad)).refused("spec.schedule", kInvalid)) << bad;
  }
  for (const char* good : {"* * * * ?", "0 9 * JAN-mar Mon", "@every 90s", "05 1,,2 * * *"}) {
    EXPECT_TRUE(create(cron_job(good)).accepted()) << good;
  }
}

TEST(CronJobValidation, TheTimeZoneMustExist) {
  for (const char* bad : {"local", "", "Mars/Base", "../x"}) {
    EXPECT_TRUE(create(cron_job("@daily", "  timeZone: \"" + std::string(bad) + "\"\n")).refused("spec.timeZone", kInvalid)) << bad;
  }
  EXPECT_TRUE(create(cron_job("@daily", "  timeZone: Asia/Kolkata\n")).accepted());
}

TEST(CronJobValidation, TheTemplateIsAJobWithoutASelector) {
  CronJob always = cron_job("@daily");
  always.mutable_spec()->mutable_jobtemplate()->mutable_spec()->mutable_template_()->mutable_spec()->clear_restartpolicy();
  EXPECT_TRUE(create(always).refused("spec.jobTemplate.spec.template.spec.restartPolicy", "FieldValueRequired"));
  CronJob selecting = cron_job("@daily");
  (*selecting.mutable_spec()->mutable_jobtemplate()->mutable_spec()->mutable_selector()->mutable_matchlabels())["a"] = "b";
  EXPECT_TRUE(create(selecting).refused("spec.jobTemplate.spec.selector", kInvalid));
}

TEST(CronJobUpdate, AnOldZoneInTheScheduleMayStay) {
  CronJob old = create(cron_job("@daily")).object;
  old.mutable_spec()->set_schedule("TZ=UTC 0 * * * *");
  auto minute = [](CronJob& next) { next.mutable_spec()->set_schedule("TZ=UTC 1 * * * *"); };
  EXPECT_TRUE(update_with(old, minute).accepted()) << update_with(old, minute);
  EXPECT_TRUE(update_with(old, [&](CronJob& next) {
                minute(next);
                next.mutable_spec()->set_timezone("UTC");
              }).refused("spec.schedule", kInvalid));
}

TEST(CronJobTable, ShowsWhatIsNotSet) {
  CronJob made = create(cron_job("@daily")).object;
  EXPECT_EQ(cells(made, at(1'800'000'060)),
            (std::vector<std::string>{"c", "@daily", "<none>", "False", "0", "<none>", "60s", "main", "busybox", "<none>"}));
}

}  // namespace
}  // namespace stint::batch
