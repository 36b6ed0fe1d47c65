// What the files of the CronJob's rules share. Pure; any thread.
#pragma once

#include "api/kind.h"

namespace stint::batch {

inline const batchv1::CronJob& as_cron_job(const Message& object) { return static_cast<const batchv1::CronJob&>(object); }
inline batchv1::CronJob& as_cron_job(Message& object) { return static_cast<batchv1::CronJob&>(object); }

void validate_cron_job(const Message& cron_job, FieldErrors& errors);
void validate_cron_job_update(const Message& next, const Message& old, FieldErrors& errors);
void warn_cron_job(const Message& next, const Message* old, std::vector<std::string>& warnings);

}  // namespace stint::batch
