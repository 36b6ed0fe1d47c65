#include "server/rest/watch_stream.h"

#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

constexpr std::chrono::seconds kLimitMin{1800};
constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";
constexpr size_t kPieceBytes = 16 * 1024;  // events are gathered up to it

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

using Bytes = std::shared_ptr<const std::string>;

Bytes made(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

Bytes error_bytes(const WatchStream& stream, const Error& error) {
  if (stream.representation.format != BodyFormat::kProtobuf) return made(status_text(error));
  return made(encode_envelope("v1", "Status", failure_message(error)));
}

// The object within an event.
Result<Bytes> object_bytes(const WatchStream& stream, const WatchEvent& event, bool first) {
  if (event.type == WatchType::kError) return error_bytes(stream, event.error);
  const bool is_bookmark = event.type == WatchType::kBookmark;
  const Object object = is_bookmark ? bookmark_object(*stream.kind, event) : event.object;
  if (stream.representation.shape == Shape::kTable) {
    TRY(std::string table, watched_table(*stream.kind, object, stream.representation, stream.include_object, first, stream.loop.now()));
    return made(std::move(table));
  }
  // Bookmarks never enter the server's cache: they are no stored objects.
  if (is_bookmark) return made(encode_as(*stream.kind, *object, stream.representation.form()));
  return stream.server.encoded(*stream.kind, object, stream.representation.form());
}

// What stands before the object in JSON.
std::string_view json_head(std::string_view type) {
  if (type == "ADDED") return R"({"type":"ADDED","object":)";
  if (type == "MODIFIED") return R"({"type":"MODIFIED","object":)";
  if (type == "DELETED") return R"({"type":"DELETED","object":)";
  if (type == "BOOKMARK") return R"({"type":"BOOKMARK","object":)";
  return R"({"type":"ERROR","object":)";
}

// A WatchEvent up to the bytes of the object's envelope, which it ends with.
std::string protobuf_head(std::string_view type, size_t object_bytes) {
  std::string extension, head;
  append_bytes_head(1, object_bytes, extension);
  append_bytes_field(1, type, head);
  append_bytes_head(2, extension.size() + object_bytes, head);
  return head + extension;
}

// In four bytes, the highest first.
std::string frame_length(size_t length) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(length >> shift & 0xff);
  return bytes;
}

// An event that cannot be encoded becomes an ERROR event. `framed`: a protobuf message needs its length before it.
void append_event(const WatchStream& stream, const WatchEvent& event, bool first, bool framed, http::Body& out) {
  const Result<Bytes> object = object_bytes(stream, event, first);
  const std::string_view type = object ? type_name(event.type) : "ERROR";
  const Bytes bytes = object ? *object : error_bytes(stream, object.error());
  if (stream.representation.format == BodyFormat::kProtobuf) {
    const std::string head = protobuf_head(type, bytes->size());
    out.append(framed ? frame_length(head.size() + bytes->size()) + head : head);
    return out.append(bytes);
  }
  out.append_literal(json_head(type));
  out.append(bytes);
  out.append_literal("}\n");
}

// Until the watch ends or the client is gone: then false. Events that are there at once leave in one piece.
Task<bool> write_events(const WatchStream& stream, ObjectWatch& watch, http::Response& response) {
  bool first = true;
  while (true) {
    std::optional<WatchEvent> event = watch.poll();
    if (!event) event = co_await watch.next();
    http::Body piece;
    for (; event; event = piece.size() < kPieceBytes ? watch.poll() : std::nullopt) {
      append_event(stream, *event, std::exchange(first, false), true, piece);
      if (event->type == WatchType::kError) break;
    }
    if (piece.empty()) co_return true;  // the server ended it
    const bool open = co_await response.write(std::move(piece));
    if (!open || (event && event->type == WatchType::kError)) co_return open;
  }
}

// As above, each event a message of its own.
Task<bool> send_events(const WatchStream& stream, ObjectWatch& watch, http::WebSocket& socket) {
  using Kind = http::WebSocket::Kind;
  const Kind kind = stream.representation.format == BodyFormat::kProtobuf ? Kind::kBinary : Kind::kText;
  bool first = true;
  while (std::optional<WatchEvent> event = co_await watch.next()) {
    http::Body message;
    append_event(stream, *event, std::exchange(first, false), false, message);
    if (!co_await socket.send(kind, std::move(message))) co_return false;
    if (event->type == WatchType::kError) break;
  }
  co_return true;
}

}  // namespace

Task<void> stream_watch(WatchStream stream, std::unique_ptr<ObjectWatch> watch, http::Response& response) {
  if (!co_await response.begin(200, stream.headers)) co_return;
  const std::optional<bool> open = co_await with_timeout(stream.loop, stream.limit, write_events(stream, *watch, response));
  if (open.value_or(true)) co_await response.end();
}

Task<void> stream_watch(WatchStream stream, std::unique_ptr<ObjectWatch> watch, http::WebSocket& socket) {
  socket.ignore_messages();
  const std::optional<bool> open = co_await with_timeout(stream.loop, stream.limit, send_events(stream, *watch, socket));
  if (open.value_or(true)) socket.close(http::WebSocket::kNormal, "");
}

Duration watch_limit(std::optional<int64_t> timeout_seconds, Rng& rng) {
  constexpr int64_t kSecondsMax = 365 * 24 * 3600;  // past it a Duration would overflow
  if (timeout_seconds && *timeout_seconds > 0) return std::chrono::seconds(std::min(*timeout_seconds, kSecondsMax));
  return kLimitMin + std::chrono::seconds(rng.next() % static_cast<uint64_t>(kLimitMin.count()));
}

}  // namespace stint::rest
