#include "cli/command_line.h"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "api/object.h"
#include "api/quantity.h"
#include "cli/parsed_option.h"

namespace stint::cli {
namespace {

std::string check_address(const std::string& text) {
  auto address = parse_address(text);
  return address ? std::string() : address.error().message;
}

std::string not_empty(const std::string& text) { return text.empty() ? "it must not be empty" : ""; }

struct Commands {
  ServeCommand serve;
  KeyValueCommand keyvalue;
  ImageCommand image;
  SimulateCommand simulate;
  CronCommand cron;
  NodeConfigCommand node_config;
};

// A quantity of whole bytes, more than none: "10Mi".
Result<int64_t> parse_size(const std::string& text) {
  const auto bytes = quantity_value(text);
  if (!bytes) return fail(Reason::kBadRequest, "\"" + text + "\" is no size such as 10Mi");
  if (*bytes < 1) return fail(Reason::kBadRequest, "it must be at least one byte");
  return *bytes;
}

// "cpu=500m,memory=1Gi"
Result<std::map<std::string, int64_t, std::less<>>> parse_reserved(const std::string& text) {
  std::map<std::string, int64_t, std::less<>> reserved;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    if (equals == std::string::npos || (name != "cpu" && name != "memory" && name != "ephemeral-storage"))
      return fail(Reason::kBadRequest, "\"" + part + "\" is none of cpu=…, memory=…, ephemeral-storage=…");
    const std::string amount = part.substr(equals + 1);
    const auto value = name == "cpu" ? quantity_milli_value(amount) : quantity_value(amount);
    if (!value || *value < 0) return fail(Reason::kBadRequest, "\"" + part + "\" is no amount such as 500m or 1Gi");
    reserved[name] = *value;
    at = end + 1;
  }
  return reserved;
}

// "memory.available<100Mi,nodefs.available<10%"; "" for none. As upstream, 0% and 100% leave a signal out.
Result<std::map<std::string, EvictionThreshold, std::less<>>> parse_eviction(const std::string& text) {
  constexpr std::string_view kSignals[] = {"memory.available",  "nodefs.available",   "nodefs.inodesFree",
                                           "imagefs.available", "imagefs.inodesFree", "pid.available"};
  std::map<std::string, EvictionThreshold, std::less<>> thresholds;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    at = end + 1;
    const size_t less = part.find('<');
    if (less == std::string::npos) return fail(Reason::kBadRequest, "\"" + part + "\" is no SIGNAL<AMOUNT such as memory.available<100Mi");
    const std::string signal = part.substr(0, less), amount = part.substr(less + 1);
    if (std::ranges::count(kSignals, signal) == 0) return fail(Reason::kBadRequest, "\"" + signal + "\" is no signal");
    if (thresholds.contains(signal)) return fail(Reason::kBadRequest, "\"" + signal + "\" is there twice");
    EvictionThreshold threshold;
    if (amount.ends_with('%')) {
      constexpr double kHundred = 100;
      const auto [last, error] = std::from_chars(amount.data(), amount.data() + amount.size() - 1, threshold.fraction);
      if (error != std::errc() || last != amount.data() + amount.size() - 1 || threshold.fraction < 0 || threshold.fraction > kHundred)
        return fail(Reason::kBadRequest, "\"" + part + "\" is no share from 0% to 100%");
      if (threshold.fraction == 0 || threshold.fraction == kHundred) continue;
      threshold.fraction /= kHundred;
    } else {
      const auto quantity = quantity_value(amount);
      if (!quantity || *quantity < 1) return fail(Reason::kBadRequest, "\"" + part + "\" is no amount such as 100Mi or 10%");
      threshold.quantity = *quantity;
    }
    thresholds[signal] = threshold;
  }
  return thresholds;
}

constexpr int64_t kPodPidsMax = 4'194'304;  // the kernel's own
constexpr int kLogFilesMax = 1000;
// Far more than a machine runs; for the fake runtime.
constexpr int kPodsMax = 1'000'000;

void add_serve(CLI::App& app, ServeCommand& options, const Choices& choices) {
  auto* serve = app.add_subcommand("serve", "run the Kubernetes API, the controllers and this machine's node");
  serve->add_option("--data-dir", options.data_dir, "where everything that must survive is kept")
      ->capture_default_str()
      ->check(not_empty, "DIR");
  serve->add_option("--listen", options.listen, "address and port of the API; port 0 picks a free one")
      ->capture_default_str()
      ->check(check_address, "ADDRESS:PORT");
  serve->add_option("--kubeconfig", options.kubeconfig, "file to write for kubectl (default: DATA_DIR/kubeconfig)");
  serve->add_option("--image-dir", options.image_dir, "image archives found here are imported at start (default: DATA_DIR/image-files)");
  serve->add_option("--registries", options.registries, "file about registries: mirrors, authorities, credentials");
  serve->add_option("--runtime", options.runtime, "what runs containers")->capture_default_str()->check(CLI::IsMember(choices.runtimes));
  serve->add_option("--cri-endpoint", options.cri_endpoint, "where the runtime of --runtime cri listens: unix:///PATH");
  serve->add_option("--store", options.store, "where objects are stored; memory forgets them at the end")
      ->capture_default_str()
      ->check(CLI::IsMember(choices.stores));
  serve->add_option("--audit-log", options.audit_log, "file to which a line is appended for each request");
  serve->add_option("--audit-level", options.audit_level, "what that line holds of the bodies: nothing, the request's, or both")
      ->capture_default_str()
      ->check(CLI::IsMember({"Metadata", "Request", "RequestResponse"}));
  serve->add_option("--disable-controllers", options.disabled_controllers, "controllers that do not run, by name; '*' for all")
      ->delimiter(',');
  serve->add_flag("--disable-scheduler", options.disable_scheduler, "bind no pods to nodes");
  serve->add_flag("--disable-node", options.disable_node, "run no pods on this machine");
  serve->add_option("--max-pods", options.max_pods, "pods that the node takes at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, kPodsMax));
  serve->add_option("--pod-max-pids", options.pod_max_pids, "processes that a pod may have at a time; 0 for no limit")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, kPodPidsMax));
  add_parsed(*serve, "--system-reserved", options.reserved, parse_reserved,
             "what pods do not get of the machine, such as cpu=500m,memory=1Gi");
  add_parsed(*serve, "--eviction-hard", options.eviction_hard, parse_eviction,
             "below what pods are evicted, such as memory.available<100Mi,nodefs.available<10%")
      ->default_str("memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%");
  add_parsed(*serve, "--container-log-max-size", options.container_log_bytes_max, parse_size,
             "size from which a container's log is moved aside (default: 10Mi)");
  serve->add_option("--container-log-max-files", options.container_log_files_max, "files kept of a container's log")
      ->capture_default_str()
      ->check(CLI::Range(2, kLogFilesMax));
  serve
      ->add_option("--image-gc-high-threshold", options.image_gc_high_percent,
                   "percent of the disk in use from which unused images go; 100: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  serve->add_option("--image-gc-low-threshold", options.image_gc_low_percent, "percent of the disk in use down to which they go")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  add_parsed(*serve, "--minimum-image-ttl-duration", options.image_age_min, parse_span, "age before which an image stays (default: 2m)");
  add_parsed(*serve, "--shutdown-grace", options.shutdown_grace, parse_span,
             "at SIGTERM end all pods first, within this time, such as 30s (default: pods go on)");
  add_parsed(*serve, "--shutdown-grace-critical", options.shutdown_grace_critical, parse_span,
             "the part of it that is for critical pods alone, which end last");
  serve->add_flag("-v,--verbose", options.verbose, "log every plan of the controllers");
}

void add_image(CLI::App& app, ImageCommand& options) {
  auto* image = app.add_subcommand("image", "look at and change the images of a data directory");
  image->require_subcommand(1);
  struct Row {
    const char* name;
    const char* help;
    const char* argument;
    ImageCommand::Verb verb;
  };
  static constexpr Row kRows[] = {
      {"import", "import docker-archive or OCI-layout files", "FILE", ImageCommand::Verb::kImport},
      {"pull", "pull an image from its registry", "IMAGE", ImageCommand::Verb::kPull},
      {"ls", "list the images", nullptr, ImageCommand::Verb::kList},
      {"rm", "remove an image", "IMAGE", ImageCommand::Verb::kRemove},
  };
  for (const Row& row : kRows) {
    auto* verb = image->add_subcommand(row.name, row.help);
    verb->add_option("--data-dir", options.data_dir, "the server's data directory")->capture_default_str()->check(not_empty, "DIR");
    if (row.verb == ImageCommand::Verb::kPull)
      verb->add_option("--registries", options.registries, "file about registries: mirrors, authorities, credentials");
    if (row.argument != nullptr) verb->add_option(row.argument, options.arguments, "")->required();
    verb->callback([&options, &row] { options.verb = row.verb; });
  }
}

void add_simulate(CLI::App& app, SimulateCommand& options) {
  using Output = SimulateCommand::Output;
  auto* simulate = app.add_subcommand("simulate", "run manifests through the real controllers in virtual time, and show every attempt");
  simulate->add_option("-f,--filename", options.files, "manifests, YAML or JSON; - for standard input")->required();
  simulate
      ->add_option_function<std::vector<std::string>>(
          "--exit-codes",
          [&options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              auto codes = parse_exit_codes(text);
              if (!codes) throw CLI::ValidationError("--exit-codes", codes.error().message);
              options.exit_codes.push_back(*std::move(codes));
            }
          },
          "of a container's starts in order, the last goes on; [index:N][/][container:NAME]= before them for some alone")
      ->allow_extra_args(false);
  add_parsed(*simulate, "--run-time", options.run_time, parse_span, "how long a container runs (default: 1s)");
  add_parsed(*simulate, "--for", options.span, parse_span, "how far to go (default: 30d, or 100 runs of CronJobs)");
  add_parsed(*simulate, "--start", options.start, parse_time, "the time at which it starts (default: now)");
  simulate->add_option("-o,--output", options.output, "table, json or svg")
      ->transform(
          CLI::Transformer(std::map<std::string, Output>{{"table", Output::kTable}, {"json", Output::kJson}, {"svg", Output::kSvg}}))
      ->option_text("table|json|svg");
  simulate->add_option("--pull-fails", options.failing_pulls, "so many pulls of images fail first")->check(CLI::NonNegativeNumber);
  add_parsed(*simulate, "--node-lost-at", options.node_lost_at, parse_span, "when the machine is lost, and another takes its place");
  simulate->add_option("--seed", options.seed, "of the names that are made up")->capture_default_str();
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv, const Choices& choices) {
  Commands options;
  CLI::App app{"Kubernetes Jobs and CronJobs on one machine, without a cluster", "stint"};
  app.require_subcommand(1);
  add_serve(app, options.serve, choices);
  auto* keyvalue = app.add_subcommand("keyvalue", "run the key-value service of the Jobs lab");
  keyvalue->add_option("--data-dir", options.keyvalue.data_dir, "where the values are kept")
      ->capture_default_str()
      ->check(not_empty, "DIR");
  keyvalue->add_option("--listen", options.keyvalue.listen, "address and port; port 0 picks a free one")
      ->capture_default_str()
      ->check(check_address, "ADDRESS:PORT");
  add_image(app, options.image);
  add_simulate(app, options.simulate);
  add_cron(app, options.cron);
  add_node_config(app, options.node_config);
  app.add_subcommand("version", "print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Message{app.help(), 0};
  } catch (const CLI::Success&) {
    return Message{app.help(), 0};
  } catch (const CLI::RequiredError& error) {
    const auto unknown = app.remaining();
    if (app.get_subcommands().empty() && !unknown.empty())
      return Message{"stint: " + unknown[0] + " is no command (see stint --help)\n", 2};
    return Message{std::string("stint: ") + error.what() + " (see stint --help)\n", 2};
  } catch (const CLI::ParseError& error) {
    return Message{std::string("stint: ") + error.what() + " (see stint --help)\n", 2};
  }
  if (options.serve.image_gc_low_percent > options.serve.image_gc_high_percent)
    return Message{"stint: --image-gc-low-threshold: it is above --image-gc-high-threshold (see stint --help)\n", 2};
  if (options.serve.shutdown_grace_critical > options.serve.shutdown_grace)
    return Message{"stint: --shutdown-grace-critical: it is a part of --shutdown-grace, which is shorter (see stint --help)\n", 2};
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "serve") return options.serve;
  if (name == "keyvalue") return options.keyvalue;
  if (name == "image") return options.image;
  if (name == "simulate") return options.simulate;
  if (name == "cron") return options.cron;
  if (name == "node-config") return options.node_config;
  return VersionCommand{};
}

Result<WallTime> parse_time(const std::string& text) {
  const auto time = parse_rfc3339(text);
  if (time) return *time;
  return fail(Reason::kBadRequest, "\"" + text + "\" is no time: write 2026-01-02T03:04:05Z");
}

Result<Address> parse_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos)
    return fail(Reason::kBadRequest, "\"" + text + "\" is no address: write ADDRESS:PORT, such as 127.0.0.1:6443");
  Address address{.host = text.substr(0, colon)};
  if (address.host.starts_with('[') && address.host.ends_with(']')) address.host = address.host.substr(1, address.host.size() - 2);
  const char* first = text.data() + colon + 1;
  const char* last = text.data() + text.size();
  const auto [end, code] = std::from_chars(first, last, address.port);
  if (code != std::errc() || end != last || address.port < 0 || address.port > 65535) {
    return fail(Reason::kBadRequest, "\"" + text.substr(colon + 1) + "\" is no port: it is a number from 0 to 65535");
  }
  unsigned char bytes[16];
  if (inet_pton(AF_INET, address.host.c_str(), bytes) != 1 && inet_pton(AF_INET6, address.host.c_str(), bytes) != 1) {
    return fail(Reason::kBadRequest, "\"" + address.host + "\" is no IP address");
  }
  return address;
}

}  // namespace stint::cli
