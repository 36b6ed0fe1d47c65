// A watch as a stream of events: lines of JSON, or protobuf messages, each after its length; or as WebSocket messages, one for
// each event. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "server/rest/representation.h"
#include "server/server.h"
#include "wire/http.h"

namespace stint::rest {

struct WatchStream {
  Server& server;
  Loop& loop;
  const Kind* kind;
  Representation representation;
  std::string include_object;
  Duration limit;  // then the stream just ends: clients reconnect
  http::Headers headers;
};

// Sends the headers at once and then events until the watch ends, the limit passes or the client is gone.
Task<void> stream_watch(WatchStream stream, std::unique_ptr<ObjectWatch> watch, http::Response& response);
// The same over a WebSocket; what the client sends is ignored.
Task<void> stream_watch(WatchStream stream, std::unique_ptr<ObjectWatch> watch, http::WebSocket& socket);

// How long: `timeoutSeconds`, else by chance between 30 and 60 minutes so that clients do not come back all at once.
Duration watch_limit(std::optional<int64_t> timeout_seconds, Rng& rng);

}  // namespace stint::rest
