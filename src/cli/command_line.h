// What the user typed, as values. Parsing never acts: app/ runs what comes out of it. Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/cron_command.h"
#include "cli/node_config_command.h"
#include "cli/simulate_command.h"

namespace stint::cli {

// Below which pods are evicted; one of both.
struct EvictionThreshold {
  int64_t quantity = 0;
  double fraction = 0;  // of the capacity
};

struct ServeCommand {
  std::string data_dir = "/var/lib/stint";
  std::string listen = "127.0.0.1:6443";
  std::string kubeconfig;  // "": DATA_DIR/kubeconfig
  std::string image_dir;   // "": DATA_DIR/image-files
  std::string registries;  // the file, "": none
  std::string runtime = "crun";
  std::string cri_endpoint;  // of --runtime cri
  std::string store = "sqlite";
  std::string audit_log;  // "": none is kept
  std::string audit_level = "Metadata";
  std::vector<std::string> disabled_controllers;  // "*": all of them
  bool disable_scheduler = false;
  bool disable_node = false;
  int max_pods = 500;
  int64_t pod_max_pids = 0;                              // 0: no limit
  std::map<std::string, int64_t, std::less<>> reserved;  // of the machine, not for pods: cpu in thousandths, bytes of what else
  // By signal, "memory.available"; nothing: upstream's.
  std::optional<std::map<std::string, EvictionThreshold, std::less<>>> eviction_hard;
  int64_t container_log_bytes_max = 10 * 1024 * 1024;
  int container_log_files_max = 5;
  int image_gc_high_percent = 85;  // of the disk in use: from here images are removed
  int image_gc_low_percent = 80;   // down to here
  Duration image_age_min = std::chrono::minutes(2);
  Duration shutdown_grace{0};           // of all pods at the end; 0: they go on
  Duration shutdown_grace_critical{0};  // the part of it that critical pods have for themselves
  bool verbose = false;
};

struct KeyValueCommand {
  std::string data_dir = "/var/lib/stint-keyvalue";
  std::string listen = "127.0.0.1:8080";
};

struct ImageCommand {
  enum class Verb { kImport, kPull, kList, kRemove } verb = Verb::kList;
  std::string data_dir = "/var/lib/stint";
  std::string registries;              // the file, "": none
  std::vector<std::string> arguments;  // files or references
};

struct VersionCommand {};

// Text to print and the exit code: help (0) or a usage error in one line (2).
struct Message {
  std::string text;
  int exit_code = 0;
};

using Command =
    std::variant<ServeCommand, KeyValueCommand, ImageCommand, SimulateCommand, CronCommand, NodeConfigCommand, VersionCommand, Message>;
// The names that options may have, from the lists of drivers, which this folder does not see.
struct Choices {
  std::vector<std::string> runtimes, stores;
};

Command parse_command_line(int argc, const char* const* argv, const Choices& choices);

// "127.0.0.1:6443", "[::1]:0". kBadRequest with the reason.
struct Address {
  std::string host;
  int port = 0;
};
Result<Address> parse_address(const std::string& text);

}  // namespace stint::cli
