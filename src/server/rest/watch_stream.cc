#include "server/rest/watch_stream.h"

#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

constexpr std::chrono::seconds kLimitMin{1800};
constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

std::string_view type_name(WatchType type) {
  switch (type) {
    case WatchType::kAdded:
      return "ADDED";
    case WatchType::kModified:
      return "MODIFIED";
    case WatchType::kDeleted:
      return "DELETED";
    case WatchType::kBookmark:
      return "BOOKMARK";
    case WatchType::kError:
      return "ERROR";
  }
  return "";
}

// An object of the kind in which only the resource version says something.
Object bookmark_object(const Kind& kind, const WatchEvent& event) {
  std::shared_ptr<Message> object = kind.make();
  metav1::ObjectMeta& metadata = mutable_meta(*object);
  metadata.set_resourceversion(event.resource_version);
  if (event.initial_events_end) (*metadata.mutable_annotations())[std::string(kInitialEventsEnd)] = "true";
  return object;
}

// Bookmarks never enter the server's cache of encoded objects: they are no stored ones.
Result<std::string> bookmark_text(const WatchStream& stream, const WatchEvent& event, bool first) {
  Object object = bookmark_object(*stream.kind, event);
  if (stream.representation.shape == Shape::kObject) return json::encode(*object, {stream.kind->api_version(), stream.kind->kind});
  return watched_object_text(stream.server, *stream.kind, object, stream.representation, stream.include_object, first, stream.loop.now());
}

Result<std::string> event_object_text(const WatchStream& stream, const WatchEvent& event, bool first) {
  if (event.type == WatchType::kError) return status_text(event.error);
  if (event.type == WatchType::kBookmark) return bookmark_text(stream, event, first);
  return watched_object_text(stream.server, *stream.kind, event.object, stream.representation, stream.include_object, first,
                             stream.loop.now());
}

// One line; an event that cannot be encoded becomes an ERROR event.
std::string event_line(const WatchStream& stream, const WatchEvent& event, bool first) {
  auto object = event_object_text(stream, event, first);
  std::string line = "{\"type\":\"";
  line += object ? type_name(event.type) : "ERROR";
  line += "\",\"object\":";
  line += object ? *object : status_text(object.error());
  line += "}\n";
  return line;
}

}  // namespace

Task<void> stream_watch(WatchStream stream, std::unique_ptr<ObjectWatch> watch, http::Response& response) {
  WallTime deadline = stream.loop.now() + stream.limit;
  bool open = co_await response.begin(200, stream.headers);
  bool first = true;
  while (open) {
    Duration left = deadline - stream.loop.now();
    if (left <= Duration::zero()) break;
    auto next = co_await with_timeout(stream.loop, left, watch->next());
    if (!next || !*next) break;  // the limit passed, or the server ended it
    WatchEvent event = **std::move(next);
    open = co_await response.write(event_line(stream, event, first));
    first = false;
    if (event.type == WatchType::kError) break;
  }
  if (open) co_await response.end();
}

Duration watch_limit(std::optional<int64_t> timeout_seconds, Rng& rng) {
  constexpr int64_t kSecondsMax = 365 * 24 * 3600;  // past it a Duration would overflow
  if (timeout_seconds && *timeout_seconds > 0) return std::chrono::seconds(std::min(*timeout_seconds, kSecondsMax));
  return kLimitMin + std::chrono::seconds(rng.next() % static_cast<uint64_t>(kLimitMin.count()));
}

}  // namespace stint::rest
