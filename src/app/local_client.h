// The Client in the server's own process: every call goes through the same pipeline as HTTP, without encoding. Its watches
// also tell the state before. Loop thread only.
#pragma once

#include <memory>

#include "client/client.h"
#include "server/server.h"

namespace stint {

// Its writes are recorded under the name of the field manager. REQUIRES: the server outlives the client and its watches.
std::unique_ptr<Client> make_local_client(Server& server, User user, std::string field_manager);

}  // namespace stint
