#include "app/serve.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "app/cluster.h"
#include "app/credentials.h"
#include "app/data_directory.h"
#include "app/signals.h"
#include "base/log.h"
#include "image/image_store.h"
#include "image/registry_settings.h"
#include "image/sha256.h"
#include "kubelet/node_pages.h"
#include "kubelet/pod_streams.h"
#include "os/file.h"
#include "runtime/cri/cri_runtime.h"
#include "runtime/runtimes.h"
#include "server/rest/rest.h"
#include "server/rest/status_text.h"
#include "store/observed_store.h"
#include "store/stores.h"
#include "wire/http.h"

namespace stint {
namespace {

constexpr int kPoolThreads = 8;

std::string host_name() {
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  std::string text = name;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

rest::AuditLevel audit_level(std::string_view name) {
  if (name == "RequestResponse") return rest::AuditLevel::kRequestResponse;
  return name == "Request" ? rest::AuditLevel::kRequest : rest::AuditLevel::kMetadata;
}

bool is_loopback(std::string_view host) { return host.starts_with("127.") || host == "::1"; }
bool is_everywhere(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

std::pair<std::string, std::string> protocol_error(int code, std::string_view sentence) {
  if (code == 429) return {"text/plain; charset=utf-8", std::string(sentence) + "\n"};  // as upstream; clients read the code alone
  const Reason reason = code == 413 ? Reason::kRequestEntityTooLarge : Reason::kBadRequest;
  const std::string message = code == 413 ? "Request entity too large: " + std::string(sentence) : std::string(sentence);
  return {"application/json", rest::status_text({.reason = reason, .message = message, .code = code}) + "\n"};
}

// The parts in the order in which they depend on each other; destroyed the other way round.
class Serve {
 public:
  explicit Serve(const cli::ServeCommand& command) : command_(command), loop_(make_system_loop(kPoolThreads)) {}

  Result<void> start() {
    TRY_VOID(check_rights());
    TRY(controller_rows_, controllers_without(command_.disabled_controllers));
    TRY(const cli::Address address, cli::parse_address(command_.listen));
    TRY(http::Listener listener, http::Listener::open(address.host, address.port));
    TRY_VOID(prepare_directories());
    TRY(std::unique_ptr<Store> store, open_store(command_.store, *loop_, command_.data_dir));
    store_ = std::make_unique<ObservedStore>(std::move(store));
    TRY_VOID(start_runtime());
    TRY_VOID(start_server(std::move(listener), address.host));
    cluster_->start();
    return {};
  }

  void run() {
    Scope scope(*loop_);
    scope.spawn(announce());
    scope.spawn(stop_on_signal());
    loop_->run();
  }

  // After a start that failed: nothing of it stays on the machine.
  void give_up() {
    if (!runtime_) return;
    Scope scope(*loop_);
    scope.spawn(release_runtime());
    loop_->run();
  }

 private:
  Result<void> check_rights() const {
    if (command_.runtime == "fake" || command_.disable_node || geteuid() == 0) return {};
    return fail(Reason::kForbidden, "running containers needs root: start stint as root, or with --runtime fake");
  }

  Result<void> prepare_directories() {
    TRY(os::FileLock lock, take_data_directory(command_.data_dir));
    lock_ = std::make_unique<os::FileLock>(std::move(lock));
    return os::make_directories(image_files_dir(), 0755);
  }

  Result<void> start_runtime() {
    if (command_.disable_node) return {};
    if (command_.runtime == "cri") {
      TRY(images_, open_cri_image_store(*loop_, command_.cri_endpoint));
    } else {
      TRY(auto registries, read_registries(command_.registries));
      TRY(images_, open_image_store(*loop_, command_.data_dir + "/images", std::move(registries)));
    }
    TRY(runtime_, make_runtime(command_.runtime, *loop_, runtime_options()));
    return {};
  }

  std::string instance_name() const { return sha256_of(std::filesystem::weakly_canonical(command_.data_dir).string()).substr(7, 12); }

  RuntimeOptions runtime_options() const {
    // The run directory is lost at a reboot, as the containers are; its name keeps two servers apart.
    RuntimeOptions options{.data_dir = command_.data_dir + "/containers",
                           .run_dir = "/run/stint/" + instance_name(),
                           .program = command_.runtime,
                           .endpoint = command_.cri_endpoint};
    options.image_layers = [this](const std::string& image_id) -> Result<std::vector<std::string>> {
      const auto image = images_->find_id(image_id);
      if (!image) return fail(Reason::kNotFound, "image " + image_id + " is not in the store");
      return image->layer_dirs;
    };
    return options;
  }

  Result<void> start_server(http::Listener listener, const std::string& host) {
    std::vector<std::string> hosts{host};
    const std::string pods_host = runtime_ ? runtime_->host_address() : "";
    if (!pods_host.empty()) hosts.push_back(pods_host);
    TRY(const Credentials credentials, load_credentials(command_.data_dir, hosts, loop_->clock(), loop_->rng()));
    const PodsEntrance entrance = open_for_pods(pods_host, host, listener.port());
    ServerOptions options{.api_host = entrance.host, .api_port = entrance.port};
    options.tokens[credentials.admin_token] = system_user(kAdminUser);
    TRY(options.account_key, SigningKey::from_pem(credentials.account_key));
    ClusterOptions cluster{.server = std::move(options), .node = node_options()};
    cluster.controllers = controller_rows_;
    cluster.root_ca_pem = credentials.authority.certificate_pem;
    cluster.metrics = &metrics_;
    cluster.has_scheduler = !command_.disable_scheduler;
    cluster_ = std::make_unique<Cluster>(*loop_, *store_, Machine{runtime_.get(), images_.get()}, std::move(cluster));
    TRY_VOID(reach_kubelets(credentials));
    TRY_VOID(serve_http(std::move(listener), credentials));
    kubeconfig_ = command_.kubeconfig.empty() ? command_.data_dir + "/kubeconfig" : command_.kubeconfig;
    return write_kubeconfig(kubeconfig_, url_, credentials.authority.certificate_pem, kAdminUser, credentials.admin);
  }

  // Pods of other nodes have their logs and commands at their kubelets.
  Result<void> reach_kubelets(const Credentials& credentials) {
    TRY(http::TlsContext context, http::TlsContext::make_client({.certificate_pem = credentials.kubelet.certificate_pem,
                                                                 .key_pem = credentials.kubelet.key_pem,
                                                                 .authority_pem = credentials.authority.certificate_pem}));
    pods_client_ = cluster_->own_client("system:stint");
    kubelets_ = std::make_unique<KubeletClient>(*loop_, *pods_client_, std::make_shared<const http::TlsContext>(std::move(context)));
    OwnNode own;
    if (cluster_->has_node()) {
      NodeAgent& node = cluster_->node();
      own = {.name = host_name(), .logs = &node.logs(), .exec = &node.exec(), .forward = &node.forward()};
    }
    pod_logs_ = std::make_unique<PodLogs>(*pods_client_, *kubelets_, own);
    pod_commands_ = std::make_unique<PodCommands>(*pods_client_, *kubelets_, own);
    node_pages_ =
        std::make_unique<NodePages>(*pods_client_, *kubelets_, own.name, cluster_->has_node() ? &cluster_->node().pages() : nullptr);
    pod_connections_ = std::make_unique<PodConnections>(*pods_client_, *kubelets_, own);
    return {};
  }

  // Where pods reach the API; "" nowhere. The address comes to be with the pods' network.
  struct PodsEntrance {
    std::string host;
    int port = 0;
  };
  PodsEntrance open_for_pods(const std::string& pods_host, const std::string& host, int port) {
    constexpr int kHttpsPort = 443;
    // Pods are elsewhere, and reach it as their node does.
    if (command_.disable_node && !is_everywhere(host) && !is_loopback(host)) return {host, port};
    if (pods_host.empty()) return {};
    if (is_everywhere(host) || host == pods_host) return {pods_host, port};
    for (const int wanted : {kHttpsPort, port}) {
      auto listener = http::Listener::open(pods_host, wanted, true);
      if (!listener) continue;
      pods_listener_ = *std::move(listener);
      return {pods_host, wanted};
    }
    log_warning("pods cannot reach the API", "address", pods_host);
    return {};
  }

  Result<void> serve_http(http::Listener listener, const Credentials& credentials) {
    RestOptions options{.logs = pod_logs_.get(),
                        .exec = pod_commands_.get(),
                        .forward = pod_connections_.get(),
                        .pages = node_pages_.get(),
                        .server_address = listener.authority()};
    if (!command_.audit_log.empty()) {
      TRY(audit_log_, AuditLog::open(command_.audit_log));
    }
    // Under the name by which clients ask for the store's health.
    options.health_checks.push_back({.name = "etcd", .check = [this] { return store_->health(); }});
    options.audit_log = audit_log_.get();
    options.metrics = &metrics_;
    options.audit_level = audit_level(command_.audit_level);
    rest_ = std::make_unique<RestHandler>(*loop_, cluster_->server(), std::move(options));
    const http::ServerOptions http_options{.tls = http::TlsOptions{.certificate_pem = credentials.server.certificate_pem,
                                                                   .key_pem = credentials.server.key_pem,
                                                                   .client_ca_pem = credentials.authority.certificate_pem},
                                           .error_body = protocol_error};
    const auto handler = [this](http::Request request, http::Response& response) { return rest_->handle(std::move(request), response); };
    url_ = "https://" + listener.authority();
    TRY(http_, http::serve(*loop_, std::move(listener), http_options, handler));
    if (!pods_listener_) return {};
    TRY(pods_http_, http::serve(*loop_, *std::move(pods_listener_), http_options, handler));
    return {};
  }

  EvictionThresholds eviction_thresholds() const {
    if (!command_.eviction_hard) return default_eviction_thresholds();
    EvictionThresholds thresholds;
    for (const auto& [signal, threshold] : *command_.eviction_hard) thresholds[signal] = {threshold.quantity, threshold.fraction};
    return thresholds;
  }

  NodeOptions node_options() const {
    const std::string host = runtime_ ? runtime_->host_address() : "";
    return {.name = host_name(),
            .data_dir = command_.data_dir,
            .log_dir = command_.data_dir + "/logs",
            .host_ip = host.empty() ? "127.0.0.1" : host,
            .host_address = host,
            .dns_address = host,
            .pods_max = command_.max_pods,
            .pod_pids_max = command_.pod_max_pids,
            .reserved = command_.reserved,
            .log_limits = {.bytes_max = command_.container_log_bytes_max, .files_max = command_.container_log_files_max},
            .eviction_hard = eviction_thresholds(),
            .image_dir = command_.runtime == "cri" ? "" : command_.data_dir + "/images",
            .image_collection = {.high_percent = command_.image_gc_high_percent,
                                 .low_percent = command_.image_gc_low_percent,
                                 .age_min = command_.image_age_min},
            .volumes_dir = command_.runtime == "fake" ? "" : command_.data_dir + "/volumes"};
  }

  std::string image_files_dir() const { return command_.image_dir.empty() ? command_.data_dir + "/image-files" : command_.image_dir; }

  Task<void> announce() {
    if (cluster_->has_node()) {
      co_await import_images();
      co_await cluster_->node().ready_event().wait();
    } else {
      co_await cluster_->server().ready().wait();
    }
    std::cout << "stint is ready at " << url_ << "\nexport KUBECONFIG=" << kubeconfig_ << std::endl;
  }

  // A file that cannot be imported is no reason not to start.
  Task<void> import_images() {
    const auto names = os::list_directory(image_files_dir());
    if (!names) {
      log_warning("image directory cannot be read", "error", names.error().message);
      co_return;
    }
    for (const std::string& name : *names) {
      auto imported = co_await images_->import_file(image_files_dir() + "/" + name);
      if (!imported) {
        log_warning("image file is not imported", "error", imported.error().message);
        continue;
      }
      for (const ImageInfo& image : *imported) images_->answer_pulls_locally(image.references);
    }
  }

  Task<void> stop_on_signal() {
    StopSignals signals(*loop_);
    co_await signals.next();
    if (command_.shutdown_grace > Duration{0} && cluster_->has_node()) {
      log_info("stopping; pods are ended first, and another signal ends this at once");
      Event over(*loop_);
      Scope scope(*loop_);
      scope.spawn(end_pods(&over));
      scope.spawn(set_at_signal(signals, &over));
      co_await over.wait();
    }
    log_info("stopping; containers that run go on");
    http_->stop_accepting();
    if (pods_http_) pods_http_->stop_accepting();
    co_await release_runtime();
  }

  Task<void> end_pods(Event* over) {
    cluster_->stop(Part::kScheduler);  // what waits for a place is bound after the next start
    co_await cluster_->node().shut_down({.total = command_.shutdown_grace, .critical = command_.shutdown_grace_critical});
    over->set();
  }

  static Task<void> set_at_signal(StopSignals& signals, Event* event) {
    co_await signals.next();
    event->set();
  }

  Task<void> release_runtime() {
    if (!runtime_) {
      loop_->stop();
      co_return;
    }
    // With no pod left nothing of ours stays on the machine; otherwise bridge and namespaces stay with the containers.
    auto stopped = co_await runtime_->shutdown(runtime_->list_sandboxes().empty());
    if (!stopped) log_warning("shutdown is not clean", "error", stopped.error().message);
    loop_->stop();
  }

  const cli::ServeCommand command_;
  std::unique_ptr<os::FileLock> lock_;  // before the loop, so that it is held until the last work of the pool has ended
  std::unique_ptr<Loop> loop_;
  Metrics metrics_;
  std::unique_ptr<ObservedStore> store_;
  std::unique_ptr<ImageStore> images_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Cluster> cluster_;
  std::optional<http::Listener> pods_listener_;
  std::unique_ptr<AuditLog> audit_log_;
  std::unique_ptr<Client> pods_client_;
  std::unique_ptr<KubeletClient> kubelets_;
  std::unique_ptr<PodLogs> pod_logs_;
  std::unique_ptr<PodCommands> pod_commands_;
  std::unique_ptr<PodConnections> pod_connections_;
  std::unique_ptr<NodePages> node_pages_;
  std::unique_ptr<RestHandler> rest_;
  std::unique_ptr<http::Server> http_, pods_http_;
  std::vector<ControllerRow> controller_rows_;
  std::string url_, kubeconfig_;
};

}  // namespace

int run_serve(const cli::ServeCommand& command) {
  block_stop_signals();  // before the pool's threads start, which inherit it
  if (command.verbose) set_log_level(LogLevel::kDebug);
  Serve serve(command);
  if (auto started = serve.start(); !started) {
    std::cerr << "stint: " << started.error().message << std::endl;
    serve.give_up();
    return 2;
  }
  serve.run();
  return 0;
}

}  // namespace stint
