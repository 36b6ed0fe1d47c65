#include "store/index.h"

#include <cstdlib>

namespace stint {
namespace {

size_t cost_bytes(const Change& change) {
  constexpr size_t kOverheadBytes = 160;  // the record, its count and its place in the queue
  return kOverheadBytes + change.key.size() + (change.value ? change.value->size() : 0);
}

}  // namespace

void Index::load(Entry entry) { keys_[std::move(entry.key)] = Version{std::move(entry.value), entry.create_revision, entry.mod_revision}; }

void Index::start_at(Revision revision) {
  revision_ = compacted_ = revision;
  watches_.start_at(revision);
}

void Index::apply(Write write, Revision revision) {
  if (revision != revision_ + 1) std::abort();  // a gap would make history lie
  auto found = keys_.try_emplace(std::move(write.key)).first;
  Version& version = found->second;
  auto record = std::make_shared<Record>();
  record->key = found->first;
  record->value = std::move(write.value);
  record->previous = version.value;
  record->revision = revision;
  record->create_revision = version.value ? version.create_revision : revision;
  record->previous_revision = version.value ? version.mod_revision : 0;
  record->older_revision = version.mod_revision;
  version = Version{record->value, record->create_revision, revision};
  revision_ = revision;
  history_bytes_ += cost_bytes(*record);
  history_.push_back(record);
  while (history_.size() > Store::kHistoryMax || (history_bytes_ > Store::kHistoryBytesMax && history_.size() > 1)) forget_oldest_change();
  watches_.notify(record);
}

void Index::compact(Revision oldest) {
  while (!history_.empty() && history_.front()->revision <= oldest) forget_oldest_change();
}

void Index::forget_oldest_change() {
  const Record& oldest = *history_.front();
  if (!oldest.value) {
    auto found = keys_.find(oldest.key);
    if (found != keys_.end() && found->second.mod_revision == oldest.revision) keys_.erase(found);
  }
  compacted_ = oldest.revision;
  history_bytes_ -= cost_bytes(oldest);
  history_.pop_front();
}

std::optional<Entry> Index::get(std::string_view key) const {
  auto found = keys_.find(key);
  if (found == keys_.end() || !found->second.value) return std::nullopt;
  const Version& version = found->second;
  return Entry{found->first, version.value, version.create_revision, version.mod_revision};
}

Revision Index::mod_revision(std::string_view key) const {
  auto found = keys_.find(key);
  return found == keys_.end() || !found->second.value ? 0 : found->second.mod_revision;
}

Index::Version Index::version_at(const Version& latest, Revision revision) const {
  Version version = latest;
  while (version.mod_revision > revision && version.mod_revision > compacted_) {
    const Record& change = record(version.mod_revision);
    // An update and a deletion keep the create revision; before a creation there is a deletion, or nothing.
    version = Version{change.previous, change.previous ? change.create_revision : 0, change.older_revision};
  }
  return version;
}

Result<Range> Index::range(const RangeOptions& options) const {
  const Revision at = options.revision.value_or(revision_);
  if (at > revision_) {
    return fail(Reason::kTimeout, "Too large resource version: " + std::to_string(at) + ", current: " + std::to_string(revision_));
  }
  if (at < compacted_)
    return fail(Reason::kExpired, "too old resource version: " + std::to_string(at) + " (" + std::to_string(compacted_) + ")");
  Range range{.revision = at};
  auto it = options.start_after < options.prefix ? keys_.lower_bound(options.prefix) : keys_.upper_bound(options.start_after);
  for (; it != keys_.end() && it->first.starts_with(options.prefix); ++it) {
    const Version version = at == revision_ ? it->second : version_at(it->second, at);
    if (!version.value) continue;
    if (options.limit != 0 && range.entries.size() == options.limit) {
      ++range.remaining;
      if (!options.counts_remaining) break;
    } else {
      range.entries.push_back({it->first, version.value, version.create_revision, version.mod_revision});
    }
  }
  return range;
}

Result<std::unique_ptr<StoreWatch>> Index::watch(std::string prefix, Revision from) {
  const auto too_old = [&] {
    return fail(Reason::kExpired, "too old resource version: " + std::to_string(from) + " (" + std::to_string(compacted_) + ")");
  };
  if (from < compacted_) return too_old();
  std::deque<SharedChange> backlog;
  for (Revision seen = from; seen < revision_; ++seen) {
    const auto& change = history_[static_cast<size_t>(seen - compacted_)];
    if (!change->key.starts_with(prefix)) continue;
    if (backlog.size() == Store::kWatchBacklogMax) return too_old();
    backlog.push_back(change);
  }
  return watches_.open(std::move(prefix), from, std::move(backlog));
}

Result<void> check_expected(const Write& write, Revision actual) {
  if (write.expected == actual) {
    if (actual == 0 && !write.value) return fail(Reason::kNotFound, "key " + write.key + " does not exist");
    return {};
  }
  return fail(Reason::kConflict,
              "key " + write.key + " is at revision " + std::to_string(actual) + ", not " + std::to_string(write.expected));
}

}  // namespace stint
