// `stint node-config`: the files with which upstream's kubelet joins a server as a node. Blocking.
#pragma once

#include <iosfwd>

#include "cli/node_config_command.h"

namespace stint {

// The exit code. `out` gets how to start the kubelet, `err` why it could not be done.
int run_node_config(const cli::NodeConfigCommand& command, std::ostream& out, std::ostream& err);

}  // namespace stint
