// Sockets of this machine that carry packets, found by a path. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/descriptor.h"

namespace stint::os {

// To the SOCK_SEQPACKET socket directory/name, however long the path is; does not block. kNotFound if nobody listens there.
Result<Descriptor> connect_packets(const std::string& directory, const std::string& name);

// One packet, "" at the end; longer ones are cut off. kConflict: none is there now.
Result<std::string> receive_packet(int fd, size_t bytes_max);
// False: there is no room now. An error: nobody reads them any more.
Result<bool> send_packet(int fd, std::string_view bytes);
// The other side reads the end.
void end_packets(int fd);

}  // namespace stint::os
