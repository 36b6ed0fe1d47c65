#include "app/commit_tap.h"

#include "api/codec.h"

namespace stint {
namespace {

// Null: of no interest.
const Kind* kind_at(std::string_view key) {
  static const struct {
    std::string_view prefix;
    const Kind& kind;
  } kRows[] = {{"/registry/jobs/", kind_of<batchv1::Job>()},
               {"/registry/cronjobs/", kind_of<batchv1::CronJob>()},
               {"/registry/pods/", kind_of<corev1::Pod>()},
               {"/registry/events/", kind_of<corev1::Event>()}};
  for (const auto& row : kRows)
    if (key.starts_with(row.prefix)) return &row.kind;
  return nullptr;
}

}  // namespace

Task<Result<Revision>> CommitTap::commit(Write write) {
  const Write copy = write;  // the value is shared
  CO_TRY(const Revision revision, co_await ForwardingStore::commit(std::move(write)));
  ++commits_;
  if (const Kind* kind = kind_at(copy.key)) tell(*kind, copy, revision);
  if (pause_) co_await pause_();
  co_return revision;
}

void CommitTap::tell(const Kind& kind, const Write& write, Revision revision) {
  Commit commit{.revision = revision, .kind = &kind, .key = write.key};
  if (const auto found = objects_.find(write.key); found != objects_.end()) commit.old = found->second;
  if (write.value != nullptr) {
    auto decoded = decode_stored(kind, *write.value);
    if (!decoded) return;
    mutable_meta(**decoded).set_resourceversion(std::to_string(revision));
    commit.next = Object(*std::move(decoded));
    objects_[write.key] = commit.next;
  } else {
    objects_.erase(write.key);
  }
  for (const Handler& handler : handlers_) handler(commit);
}

}  // namespace stint
