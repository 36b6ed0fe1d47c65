#include "store/watch_hub.h"

#include <algorithm>

#include "base/loop.h"

namespace stint {

class WatchHub::Watch : public StoreWatch {
 public:
  Watch(WatchHub& hub, std::string prefix, Revision from, std::deque<SharedChange> backlog)
      : hub_(&hub), prefix_(std::move(prefix)), last_(from), from_(from), backlog_(std::move(backlog)), arrived_(hub.loop_) {
    for (const SharedChange& change : backlog_) backlog_bytes_ += bytes_of(*change);
    hub.add(*this);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() override {
    if (hub_ != nullptr) hub_->remove(*this);
  }

  const std::string& prefix() const { return prefix_; }

  Task<Result<Change>> next() override {
    while (backlog_.empty() && !cut_off_) co_await arrived_.wait();
    if (cut_off_) co_return fail(*cut_off());
    co_return take();
  }

  std::optional<Error> cut_off() const override {
    if (!cut_off_) return std::nullopt;
    return Error{.reason = Reason::kExpired, .message = "too old resource version: " + std::to_string(last_) + " (the reader is too slow)"};
  }
  Event& activity() override { return arrived_; }

  std::optional<Change> poll() override {
    if (backlog_.empty()) return std::nullopt;
    return take();
  }

  Revision progress() const override {
    if (cut_off_) return last_;
    if (!backlog_.empty()) return backlog_.front()->revision - 1;
    return std::max(from_, hub_->revision_);
  }

  void push(const SharedChange& change) {
    if (change->revision <= from_ || cut_off_) return;
    backlog_.push_back(change);
    backlog_bytes_ += bytes_of(*change);
    if (backlog_.size() > Store::kWatchBacklogMax || backlog_bytes_ > Store::kWatchBacklogBytesMax) return end();
    arrived_.pulse();
  }

  void end() {
    if (cut_off_) return;
    last_ = progress();
    cut_off_ = true;
    backlog_.clear();
    backlog_bytes_ = 0;
    arrived_.pulse();
  }

  void detach() {
    end();
    hub_ = nullptr;
  }

 private:
  Change take() {
    const SharedChange change = std::move(backlog_.front());
    backlog_.pop_front();
    backlog_bytes_ -= bytes_of(*change);
    return *change;
  }

  static size_t bytes_of(const Change& change) { return change.key.size() + (change.value ? change.value->size() : 0); }

  WatchHub* hub_;  // null once the store is gone
  std::string prefix_;
  Revision last_;  // progress when it was cut off
  Revision from_;
  std::deque<SharedChange> backlog_;
  size_t backlog_bytes_ = 0;
  bool cut_off_ = false;
  Event arrived_;
};

WatchHub::~WatchHub() {
  for (auto& [prefix, watches] : by_prefix_) {
    for (Watch* watch : watches) watch->detach();
  }
}

std::unique_ptr<StoreWatch> WatchHub::open(std::string prefix, Revision from, std::deque<SharedChange> backlog) {
  return std::make_unique<Watch>(*this, std::move(prefix), from, std::move(backlog));
}

void WatchHub::notify(const SharedChange& change) {
  revision_ = change->revision;
  const std::string_view key = change->key;
  for (const auto& [length, prefixes] : lengths_) {
    if (length > key.size()) break;
    auto found = by_prefix_.find(key.substr(0, length));
    if (found == by_prefix_.end()) continue;
    for (Watch* watch : found->second) watch->push(change);
  }
}

void WatchHub::add(Watch& watch) {
  auto [found, is_new] = by_prefix_.try_emplace(watch.prefix());
  if (is_new) ++lengths_[watch.prefix().size()];
  found->second.push_back(&watch);
}

void WatchHub::remove(Watch& watch) {
  auto found = by_prefix_.find(watch.prefix());
  std::erase(found->second, &watch);
  if (!found->second.empty()) return;
  by_prefix_.erase(found);
  auto length = lengths_.find(watch.prefix().size());
  if (--length->second == 0) lengths_.erase(length);
}

}  // namespace stint
