// pods/<name>/exec and pods/<name>/attach: a session on the node and the client's channels joined. Loop thread only.
#pragma once

#include <memory>
#include <vector>

#include "api/pod_exec.h"
#include "server/rest/query.h"
#include "server/rest/remote_channels.h"

namespace stint::rest {

// kBadRequest in upstream's words.
Result<Streams> decode_streams(const Query& query);
Result<std::vector<std::string>> decode_command(const Query& query);

// What the node is asked for.
using Session = std::unique_ptr<ExecSession>;

// Until the session has ended and the client was told how, or the client is gone. `doing` begins the sentence about an end without an exit
// code: "error executing command in container".
Task<void> join_session(Loop& loop, Session session, Streams streams, std::unique_ptr<Channels> channels, std::string doing);

}  // namespace stint::rest
