// What a simulation saw, as values, and its three forms. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace stint::simulate {

// One go of a pod, or of one of its containers that started again in it.
struct Attempt {
  std::string pod;
  std::optional<int> index;
  std::string container;  // of a restart: which one
  WallTime created;       // the pod; of a restart when the end before it was
  std::optional<WallTime> start, end;
  std::optional<int> exit_code;  // the first that is not 0 of several containers
  std::string outcome;           // "Completed", "Error", …: the container's reason, or the pod's
  Duration backoff{0};
  std::string reason;  // one word: "JobStarted", "NextCompletion", "BackOff", "ContainerRestart", "ImagePullBackOff", …
  std::string why;     // a sentence
};

struct JobReport {
  std::string ns, name, uid, cron_job;
  WallTime created;
  std::vector<Attempt> attempts;
  std::string condition, reason, message;  // "": it did not end
  std::optional<WallTime> at, deleted_at;
  int32_t succeeded = 0, failed = 0;
  std::string completed_indexes, failed_indexes;
  bool suspended = false;
};

// What was announced besides: warnings, and what CronJobs did not start.
struct Note {
  WallTime at, last;  // the same again and again is told once
  int count = 1;
  std::string object;  // "CronJob default/backup"
  std::string reason, message;
};

struct Report {
  WallTime start, end;
  std::string ending;  // why it goes no further
  std::vector<JobReport> jobs;
  std::vector<Note> notes;
};

// "+1m30s"
std::string offset_text(WallTime from, WallTime to);

std::string as_table(const Report& report);
std::string as_json(const Report& report);
std::string as_svg(const Report& report);

}  // namespace stint::simulate
