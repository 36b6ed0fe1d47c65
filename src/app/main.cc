#include <sys/stat.h>

#include <cstdio>
#include <iostream>

#include "app/commands.h"
#include "app/cron.h"
#include "app/node_config.h"
#include "app/serve.h"
#include "app/simulate/simulate.h"
#include "cli/command_line.h"
#include "os/process_holder.h"
#include "runtime/runtimes.h"
#include "store/stores.h"

// jemalloc reads this. Nearly all is allocated by the loop's thread, so one arena serves; what is free goes back to the kernel a second
// after it was last used.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

namespace {

struct Run {
  int operator()(const stint::cli::ServeCommand& command) const { return stint::run_serve(command); }
  int operator()(const stint::cli::KeyValueCommand& command) const { return stint::run_keyvalue(command); }
  int operator()(const stint::cli::ImageCommand& command) const { return stint::run_image(command); }
  int operator()(const stint::cli::SimulateCommand& command) const { return stint::run_simulate(command); }
  int operator()(const stint::cli::CronCommand& command) const { return stint::run_cron(command, std::cin, std::cout, std::cerr); }
  int operator()(const stint::cli::NodeConfigCommand& command) const { return stint::run_node_config(command, std::cout, std::cerr); }
  int operator()(const stint::cli::VersionCommand&) const {
    std::puts("stint " STINT_VERSION " (Kubernetes API 1.37)");
    return 0;
  }
  int operator()(const stint::cli::Message& message) const {
    std::fputs(message.text.c_str(), message.exit_code == 0 ? stdout : stderr);
    return message.exit_code;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == stint::os::kProcessHolderVerb) return stint::os::hold_processes(argc, argv);
  // Modes are chosen file by file. Under a hardened umask the root of a container's file system would be closed to all but root.
  umask(022);
  const stint::cli::Choices choices{.runtimes = stint::runtime_names(), .stores = stint::store_names()};
  return std::visit(Run{}, stint::cli::parse_command_line(argc, argv, choices));
}
