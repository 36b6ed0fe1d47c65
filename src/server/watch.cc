// Watching a collection: the present state first where asked, then each change of the store, seen through the selectors.
#include <deque>

#include "server/errors.h"
#include "server/selection.h"

namespace stint {

namespace {

constexpr std::chrono::seconds kBookmarkInterval{60};

Result<void> validate(const Request& request) {
  static constexpr std::string_view kMatches[] = {"NotOlderThan"};
  FieldErrors errors;
  const std::string field = "resourceVersionMatch";
  const std::string& match = request.resource_version_match;
  if (request.send_initial_events && match != "NotOlderThan") {
    errors.forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (!match.empty()) {
    if (!request.send_initial_events)
      errors.forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    if (match != "NotOlderThan") errors.not_supported(field, match, kMatches);
    if (!request.continue_token.empty()) errors.forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
  }
  if (!errors.empty()) return fail(invalid("ListOptions.meta.k8s.io", "", errors));
  return {};
}

WatchEvent error_event(Error error) { return {.type = WatchType::kError, .error = std::move(error)}; }

Error too_old(Revision asked, Revision oldest) {
  return {.reason = Reason::kExpired,
          .message = "too old resource version: " + std::to_string(asked) + " (" + std::to_string(oldest) + ")"};
}

class Stream final : public ObjectWatch {
 public:
  Stream(Core& core, Selection selection, bool bookmarks) : core_(core), selection_(std::move(selection)), bookmarks_(bookmarks) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() override {
    if (bookmark_timer_ != 0) core_.loop.cancel_timer(bookmark_timer_);
  }

  // Starts after `from`, or with the present state when it is none.
  Result<void> open(std::optional<Revision> from);
  Task<std::optional<WatchEvent>> next() override;
  std::optional<WatchEvent> poll() override;

 private:
  Result<void> queue_present_state();
  Result<std::optional<WatchEvent>> seen(const Change& change);
  WatchEvent last_event(Error error);
  WatchEvent bookmark();
  void arm_bookmark();

  Core& core_;
  const Selection selection_;
  const bool bookmarks_;
  bool bookmark_due_ = false;
  Loop::TimerId bookmark_timer_ = 0;
  std::unique_ptr<StoreWatch> changes_;
  std::deque<WatchEvent> queued_;
  bool ended_ = false;
};

Result<void> Stream::open(std::optional<Revision> from) {
  Store& store = core_.registry.store();
  Revision start = 0;
  if (from) {
    start = *from;
  } else {
    // The state and the watch are of one turn of the loop, so they meet without a gap.
    start = store.revision();
    TRY_VOID(queue_present_state());
  }
  auto watch = store.watch(selection_.prefix, start);
  if (!watch && watch.error().reason == Reason::kExpired) {
    queued_.push_back(error_event(too_old(start, store.compacted())));
    ended_ = true;
    return {};
  }
  if (!watch) return fail(std::move(watch).error());
  changes_ = *std::move(watch);
  if (bookmarks_) arm_bookmark();
  return {};
}

Result<void> Stream::queue_present_state() {
  TRY(const Range range, core_.registry.store().range({.prefix = selection_.prefix}));
  for (const Entry& entry : range.entries) {
    TRY(Object object, core_.registry.cache().decode(*selection_.kind, entry.key, *entry.value, entry.mod_revision));
    if (!selection_.matches(*object)) continue;
    queued_.push_back({.type = WatchType::kAdded, .object = std::move(object), .resource_version = std::to_string(entry.mod_revision)});
  }
  if (bookmarks_) {
    queued_.push_back({.type = WatchType::kBookmark, .resource_version = std::to_string(range.revision), .initial_events_end = true});
  }
  return {};
}

Task<std::optional<WatchEvent>> Stream::next() {
  while (true) {
    if (auto event = poll()) co_return event;
    if (ended_) co_return std::nullopt;
    co_await changes_->activity().wait();
  }
}

std::optional<WatchEvent> Stream::poll() {
  if (!queued_.empty()) {
    WatchEvent event = std::move(queued_.front());
    queued_.pop_front();
    return event;
  }
  if (ended_) return std::nullopt;
  while (auto change = changes_->poll()) {
    auto event = seen(*change);
    if (!event) return last_event(std::move(event).error());
    if (*event) return *std::move(event);
  }
  if (auto error = changes_->cut_off()) return last_event(*std::move(error));
  if (bookmark_due_) return bookmark();
  return std::nullopt;
}

WatchEvent Stream::last_event(Error error) {
  ended_ = true;
  return error_event(std::move(error));
}

WatchEvent Stream::bookmark() {
  bookmark_due_ = false;
  arm_bookmark();
  return {.type = WatchType::kBookmark, .resource_version = std::to_string(changes_->progress())};
}

// One timer for each bookmark, and none for each event.
void Stream::arm_bookmark() {
  bookmark_timer_ = core_.loop.call_after(kBookmarkInterval, [this] {
    bookmark_timer_ = 0;
    bookmark_due_ = true;
    changes_->activity().pulse();
  });
}

// The change as this watch sees it: an object that starts to match is added, one that stops is deleted.
Result<std::optional<WatchEvent>> Stream::seen(const Change& change) {
  ObjectCache& cache = core_.registry.cache();
  const Kind& kind = *selection_.kind;
  Object next, previous;
  if (change.value != nullptr) {
    TRY(next, cache.decode(kind, change.key, *change.value, change.revision));
    if (!selection_.matches(*next)) next = nullptr;
  }
  if (change.previous != nullptr) {
    TRY(previous, cache.decode(kind, change.key, *change.previous, change.previous_revision));
    if (!selection_.matches(*previous)) previous = nullptr;
  }
  if (next == nullptr && previous == nullptr) return std::nullopt;
  WatchEvent event{.object = next, .previous = previous, .resource_version = std::to_string(change.revision)};
  if (next != nullptr) {
    event.type = previous != nullptr ? WatchType::kModified : WatchType::kAdded;
    return event;
  }
  event.type = WatchType::kDeleted;
  if (change.value == nullptr) {
    TRY(event.object, cache.decode(kind, change.key, *change.previous, change.revision));
    return event;
  }
  // Still there, but out of sight: its last visible state at the revision of the change, which is this watch's own.
  std::unique_ptr<Message> last(previous->New());
  last->CopyFrom(*previous);
  mutable_meta(*last).set_resourceversion(event.resource_version);
  event.object = Object(std::move(last));
  return event;
}

}  // namespace

Task<Result<std::unique_ptr<ObjectWatch>>> watch_objects(Core& core, const Request& request) {
  CO_TRY_VOID(validate(request));
  CO_TRY(Selection selection, Selection::from(request));
  CO_TRY(const auto revision, parse_resource_version(request.resource_version));
  std::optional<Revision> from;
  if (request.send_initial_events.value_or(!revision || *revision == 0)) {
    if (revision) CO_TRY_VOID(co_await reach_revision(core, *revision));
  } else {
    from = revision && *revision > 0 ? *revision : core.registry.store().revision();
  }
  auto stream = std::make_unique<Stream>(core, std::move(selection), request.allow_bookmarks);
  CO_TRY_VOID(stream->open(from));
  co_return std::unique_ptr<ObjectWatch>(std::move(stream));
}

}  // namespace stint
