#include "node/status_writer.h"

#include "api/equality.h"
#include "base/log.h"

namespace stint {
namespace {

constexpr Duration kRetryBase = std::chrono::milliseconds(100);
constexpr Duration kRetryMax = std::chrono::seconds(10);

uint64_t revision_of(const corev1::Pod& pod) { return stint::revision_of(pod.metadata().resourceversion()); }

}  // namespace

StatusWriter::StatusWriter(Loop& loop, Client& client, Pod pod, Compute compute)
    : loop_(loop), client_(client), newest_(std::move(pod)), compute_(std::move(compute)), dirty_(loop), progress_(loop), scope_(loop) {}

void StatusWriter::touch() {
  ++touched_;
  dirty_.set();
}

bool StatusWriter::saw(Pod newest) {
  if (revision_of(*newest) <= revision_of(*newest_)) return false;
  newest_ = std::move(newest);
  touch();
  return true;
}

void StatusWriter::set_gone() {
  gone_ = true;
  progress_.pulse();
}

Task<void> StatusWriter::flush() {
  const uint64_t wanted = touched_;
  while (!gone_ && stored_ < wanted) co_await progress_.wait();
}

Task<void> StatusWriter::run() {
  Duration wait = kRetryBase;
  while (!gone_) {
    co_await dirty_.wait();
    dirty_.reset();
    const uint64_t wanted = touched_;
    const Attempt attempt = co_await write();
    if (attempt == Attempt::kDone) {
      stored_ = wanted;
      wait = kRetryBase;
      progress_.pulse();
    } else {
      co_await sleep_for(loop_, wait);
      wait = std::min(2 * wait, kRetryMax);
      dirty_.set();
    }
  }
}

Task<StatusWriter::Attempt> StatusWriter::write() {
  corev1::PodStatus status = compute_(*newest_);
  if (same_bytes(status, newest_->status())) co_return Attempt::kDone;
  corev1::Pod next;  // this endpoint takes no spec and no managers
  *next.mutable_metadata() = newest_->metadata();
  next.mutable_metadata()->clear_managedfields();
  *next.mutable_status() = std::move(status);
  auto stored = co_await update(client_, std::move(next), "status");
  if (stored) {
    if (revision_of(**stored) > revision_of(*newest_)) newest_ = *std::move(stored);
    co_return Attempt::kDone;
  }
  if (stored.error().reason == Reason::kConflict || stored.error().reason == Reason::kNotFound) co_return co_await refetch();
  log_warning("pod status not stored", "pod", newest_->metadata().name(), "namespace", newest_->metadata().namespace_(), "error",
              stored.error().message);
  // What the server finds invalid stays so until something changes.
  co_return stored.error().reason == Reason::kInvalid ? Attempt::kDone : Attempt::kAgain;
}

Task<StatusWriter::Attempt> StatusWriter::refetch() {
  auto found = co_await get<corev1::Pod>(client_, newest_->metadata().namespace_(), newest_->metadata().name());
  if (!found && found.error().reason != Reason::kNotFound) co_return Attempt::kAgain;
  if (!found || (*found)->metadata().uid() != newest_->metadata().uid()) {
    set_gone();
    co_return Attempt::kDone;
  }
  newest_ = *std::move(found);
  co_return co_await write();
}

}  // namespace stint
