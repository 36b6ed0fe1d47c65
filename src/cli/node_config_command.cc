#include "cli/node_config_command.h"

#include <CLI/CLI.hpp>

#include "api/names.h"

namespace stint::cli {
namespace {

std::string check_node_name(const std::string& name) {
  const Faults faults = dns_subdomain_faults(name);
  return faults.empty() ? "" : "\"" + name + "\" is no name of a node: " + faults[0];
}

std::string check_server(const std::string& url) {
  return url.starts_with("https://") && url.find_first_of(" \"'\n") == std::string::npos
             ? ""
             : "\"" + url + "\" is no address of a server: write https://ADDRESS:PORT";
}

}  // namespace

void add_node_config(CLI::App& app, NodeConfigCommand& options) {
  auto* command = app.add_subcommand("node-config", "write what upstream's kubelet needs to join as a node");
  command->add_option("NAME", options.node, "name of the node")->required()->check(check_node_name, "");
  command->add_option("--server", options.server, "where the node finds this API: https://ADDRESS:PORT")
      ->required()
      ->check(check_server, "URL");
  command->add_option("-o,--output", options.output_dir, "directory for the files; made if need be (default: NAME)");
  command->add_option("--data-dir", options.data_dir, "the server's data directory, with its authority")->capture_default_str();
}

}  // namespace stint::cli
