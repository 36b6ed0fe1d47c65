#include "kubelet/pod_streams.h"

#include "api/core/choose_container.h"
#include "api/rfc3339.h"
#include "remote/remote_command.h"
#include "remote/remote_connection.h"
#include "wire/http.h"

namespace stint {
namespace {

constexpr size_t kRefusalBytesMax = 4096;
constexpr size_t kContainerParts = 4, kSandboxParts = 3;  // of ids of other nodes
constexpr Duration kAnswerMax = std::chrono::seconds(30);

std::string path_of(std::string_view endpoint, const std::string& ns, const std::string& pod, const std::string& container) {
  return "/" + std::string(endpoint) + "/" + http::percent_encode(ns) + "/" + http::percent_encode(pod) + "/" +
         http::percent_encode(container);
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    text_ += text_.empty() ? "?" : "&";
    text_ += std::string(name) + "=" + http::percent_encode(value);
  }
  void add(std::string_view name, const std::optional<int64_t>& value) {
    if (value) add(name, std::to_string(*value));
  }
  void flag(std::string_view name, bool on, std::string_view value) {
    if (on) add(name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A refusal of the kubelet's, with its sentence.
Error refusal(int status, std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  Error error{.reason = Reason::kInternalError, .message = std::move(text), .code = status};
  if (status == 400) error.reason = Reason::kBadRequest;
  if (status == 404) error.reason = Reason::kNotFound;
  if (status == 401 || status == 403) error.message = "the kubelet does not let this server in: " + error.message;
  if (status < 400 || status == 401 || status == 403) error.code = 500;
  return error;
}

class KubeletLog : public LogStream {
 public:
  explicit KubeletLog(std::unique_ptr<http::ClientConnection> connection) : connection_(std::move(connection)) {}
  Task<std::optional<std::string>> next() override {
    auto piece = co_await connection_->read_body();
    if (!piece || piece->empty()) co_return std::nullopt;
    co_return *std::move(piece);
  }

 private:
  std::unique_ptr<http::ClientConnection> connection_;
};

std::string id_of(const std::string& node, const std::string& ns, const std::string& pod, const std::string& container) {
  return node + "/" + ns + "/" + pod + "/" + container;
}

// The parts of it; nothing when it has not so many.
std::vector<std::string> parts_of(const std::string& id, size_t count) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= id.size();) {
    const size_t slash = std::min(id.find('/', at), id.size());
    parts.push_back(id.substr(at, slash - at));
    at = slash + 1;
  }
  return parts.size() == count ? parts : std::vector<std::string>();
}

using Socket = std::unique_ptr<http::WebSocketClient>;

Task<Result<Socket>> open_socket(KubeletClient& kubelets, std::string node, std::string target, std::string_view protocol) {
  CO_TRY(KubeletClient::Connection kubelet, co_await kubelets.connect(node));
  auto socket = co_await with_timeout(
      kubelets.loop(), kAnswerMax,
      http::WebSocketClient::open(kubelets.loop(), std::move(kubelet.stream), kubelet.authority, std::move(target), std::string(protocol)));
  if (!socket) co_return fail(Reason::kServiceUnavailable, "the kubelet of node \"" + node + "\" does not answer");
  if (!*socket) {
    if (const int status = socket->error().code; status != 0) co_return fail(refusal(status, socket->error().message));
    co_return std::unexpected(std::move(*socket).error());
  }
  co_return *std::move(*socket);
}

}  // namespace

std::string log_target(const std::string& ns, const std::string& pod, const LogOptions& options) {
  Query query;
  query.flag("follow", options.follow, "true");
  query.flag("previous", options.previous, "true");
  query.flag("timestamps", options.timestamps, "true");
  query.add("sinceSeconds", options.since_seconds);
  if (options.since_time) {
    std::string text;
    append_instant({.seconds = std::chrono::floor<std::chrono::seconds>(*options.since_time).time_since_epoch().count()}, 0, text);
    query.add("sinceTime", text);
  }
  query.add("tailLines", options.tail_lines);
  query.add("limitBytes", options.limit_bytes);
  return path_of("containerLogs", ns, pod, options.container) + query.text();
}

std::string exec_target(const std::string& ns, const std::string& pod, const std::string& container, const ExecOptions& options) {
  Query query;
  for (const std::string& word : options.command) query.add("command", word);
  query.flag("input", options.in, "1");
  query.flag("output", options.out, "1");
  query.flag("error", options.err && !options.tty, "1");
  query.flag("tty", options.tty, "1");
  return path_of("exec", ns, pod, container) + query.text();
}

std::string attach_target(const std::string& ns, const std::string& pod, const std::string& container, const AttachOptions& options,
                          bool tty) {
  Query query;
  query.flag("input", options.in, "1");
  query.flag("output", options.out, "1");
  query.flag("error", options.err && !tty, "1");
  query.flag("tty", tty, "1");
  return path_of("attach", ns, pod, container) + query.text();
}

std::string forward_target(const std::string& ns, const std::string& pod, int port) {
  return "/portForward/" + http::percent_encode(ns) + "/" + http::percent_encode(pod) + "?port=" + std::to_string(port);
}

Task<Result<std::unique_ptr<LogStream>>> PodLogs::open_log(std::string ns, std::string pod_name, LogOptions options) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  const std::string node = pod->spec().nodename();
  if (own_.logs != nullptr && node == own_.name)
    co_return co_await own_.logs->open_log(std::move(ns), std::move(pod_name), std::move(options));
  CO_TRY(options.container, choose_container(*pod, options.container));
  CO_TRY(KubeletClient::Connection kubelet, co_await kubelets_.connect(node));
  auto head =
      co_await with_timeout(kubelets_.loop(), kAnswerMax, kubelet.stream->get(kubelet.authority, log_target(ns, pod_name, options), ""));
  if (!head) co_return fail(Reason::kServiceUnavailable, "the kubelet of node \"" + node + "\" does not answer");
  if (!*head) co_return std::unexpected(std::move(*head).error());
  if ((*head)->status != 200) co_return fail(refusal((*head)->status, co_await kubelet.stream->read_text(kRefusalBytesMax)));
  co_return std::make_unique<KubeletLog>(std::move(kubelet.stream));
}

Task<Result<std::string>> PodCommands::find_running(std::string ns, std::string pod_name, std::string container) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  const std::string node = pod->spec().nodename();
  if (own_.exec != nullptr && node == own_.name) {
    co_return co_await own_.exec->find_running(std::move(ns), std::move(pod_name), std::move(container));
  }
  CO_TRY(container, choose_container(*pod, container));
  co_return id_of(node, ns, pod_name, container);
}

Task<Result<std::unique_ptr<ExecSession>>> PodCommands::exec(std::string container_id, ExecOptions options) {
  const std::vector<std::string> parts = parts_of(container_id, kContainerParts);
  if (parts.empty()) {
    if (own_.exec != nullptr) co_return co_await own_.exec->exec(std::move(container_id), std::move(options));
    co_return fail(Reason::kNotFound, "container not found (\"" + container_id + "\")");
  }
  std::string target = exec_target(parts[1], parts[2], parts[3], options);
  co_return co_await open(parts[0], std::move(target));
}

Task<Result<std::unique_ptr<ExecSession>>> PodCommands::attach(std::string container_id, AttachOptions options) {
  const std::vector<std::string> parts = parts_of(container_id, kContainerParts);
  if (parts.empty()) {
    if (own_.exec != nullptr) co_return co_await own_.exec->attach(std::move(container_id), options);
    co_return fail(Reason::kNotFound, "container not found (\"" + container_id + "\")");
  }
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, parts[1], parts[2]));
  std::string target = attach_target(parts[1], parts[2], parts[3], options, has_terminal(*pod, parts[3]));
  co_return co_await open(parts[0], std::move(target));
}

Task<Result<std::unique_ptr<ExecSession>>> PodCommands::open(std::string node, std::string target) {
  CO_TRY(auto socket, co_await open_socket(kubelets_, std::move(node), std::move(target), kCommandProtocol));
  co_return make_remote_command(kubelets_.loop(), make_websocket_channels(std::move(socket)));
}

Task<Result<std::string>> PodConnections::find_sandbox(std::string ns, std::string pod_name) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  const std::string node = pod->spec().nodename();
  if (own_.forward != nullptr && node == own_.name) co_return co_await own_.forward->find_sandbox(std::move(ns), std::move(pod_name));
  co_return node + "/" + ns + "/" + pod_name;
}

Task<Result<std::unique_ptr<PodConnection>>> PodConnections::connect(std::string sandbox_id, int port) {
  const std::vector<std::string> parts = parts_of(sandbox_id, kSandboxParts);
  if (parts.empty()) {
    if (own_.forward != nullptr) co_return co_await own_.forward->connect(std::move(sandbox_id), port);
    co_return fail(Reason::kNotFound, "pod " + sandbox_id + " is not there");
  }
  CO_TRY(auto socket, co_await open_socket(kubelets_, parts[0], forward_target(parts[1], parts[2], port), kForwardVersion4));
  co_return make_remote_connection(std::move(socket));
}

}  // namespace stint
