// `stint node-config` as a value. Any thread.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace stint::cli {

struct NodeConfigCommand {
  std::string node;
  std::string server;  // "https://10.0.0.1:6443"
  std::string output_dir;
  std::string data_dir = "/var/lib/stint";
};

void add_node_config(CLI::App& app, NodeConfigCommand& options);

}  // namespace stint::cli
