#include "server/rest/pod_streams.h"

#include <algorithm>
#include <expected>

#include "api/core/choose_container.h"
#include "server/rest/pod_exec.h"
#include "server/rest/port_forward.h"
#include "server/rest/spdy_channels.h"
#include "server/rest/websocket_channels.h"

namespace stint::rest {
namespace {

constexpr std::string_view kSpdy = "SPDY/3.1";
constexpr std::string_view kForwardProtocol = "portforward.k8s.io";
constexpr std::string_view kTunnelProtocol = "SPDY/3.1+portforward.k8s.io";
constexpr std::string_view kOldForwardProtocols[] = {"v4.channel.k8s.io", "v4.base64.channel.k8s.io"};

// A pod with a node, and a node that is there.
Result<void> check_place(const PodStreamCall& call) {
  if (call.pod.spec().nodename().empty()) {
    return fail(Reason::kBadRequest, "pod " + call.pod.metadata().name() + " does not have a host assigned");
  }
  const bool is_there = call.subresource == "portforward" ? call.forward != nullptr : call.exec != nullptr;
  if (!is_there) return fail(Reason::kServiceUnavailable, "no node that could serve this is connected to this server");
  return {};
}

// Upstream's server hears only that its node could not do it.
Error from_node(Error error) {
  if (error.reason == Reason::kNotFound) error.reason = Reason::kInternalError;
  return error;
}

std::vector<std::string> offered_versions(const PodStreamCall& call) { return http::elements_of(call.http, "X-Stream-Protocol-Version"); }

// How the client's streams will come: over a WebSocket or SPDY, and in which version.
struct Way {
  bool spdy = false;
  std::string protocol;
};

// Upstream's answer to versions that it does not speak.
Reply no_common_version(const std::vector<std::string>& offered, const std::vector<std::string_view>& spoken) {
  std::string message = "unable to upgrade: unable to negotiate protocol: client supports [";
  for (size_t i = 0; i < offered.size(); ++i) message += (i == 0 ? "" : " ") + offered[i];
  Reply reply = error_reply({.reason = Reason::kForbidden, .message = message + "]"});
  for (const std::string_view version : spoken) reply.headers.emplace_back("X-Accepted-Stream-Protocol-Versions", std::string(version));
  return reply;
}

Reply no_upgrade(std::string_view to) {
  return error_reply({.reason = Reason::kBadRequest, .message = "Upgrade request required: to " + std::string(to)});
}

http::WebSocket* upgrade_to_websocket(const PodStreamCall& call, const std::string& protocol) {
  http::WebSocket* socket = call.response.upgrade(protocol, call.headers);
  if (socket != nullptr) call.upgraded();
  return socket;
}

http::ByteStream* upgrade_to_spdy(const PodStreamCall& call, const std::string& version) {
  http::Headers headers = call.headers;
  headers.emplace_back("X-Stream-Protocol-Version", version);
  http::ByteStream* bytes = call.response.upgrade_to(kSpdy, std::move(headers));
  if (bytes != nullptr) call.upgraded();
  return bytes;
}

// --- exec and attach ---

Task<Result<Session>> open_session(const PodStreamCall& call, Streams streams, std::string container_id) {
  if (call.subresource == "attach") {
    AttachOptions options{.in = streams.in, .out = streams.out, .err = streams.err};
    return call.exec->attach(std::move(container_id), options);
  }
  ExecOptions options{.command = call.query.all("command"), .in = streams.in, .out = streams.out, .err = streams.err, .tty = streams.tty};
  return call.exec->exec(std::move(container_id), std::move(options));
}

// The way that the client asks for, or the refusal.
std::expected<Way, Reply> choose_way(const PodStreamCall& call) {
  if (http::wants_websocket(call.http)) {
    auto protocol = choose_channel_protocol(http::offered_protocols(call.http));
    if (!protocol) return std::unexpected(no_upgrade("a WebSocket of v5.channel.k8s.io or v4.channel.k8s.io"));
    return Way{false, *std::move(protocol)};
  }
  if (!http::wants_upgrade(call.http, kSpdy)) return std::unexpected(no_upgrade("a WebSocket or SPDY/3.1"));
  auto protocol = choose_stream_protocol(offered_versions(call));
  if (!protocol)
    return std::unexpected(no_common_version(offered_versions(call), {std::begin(kStreamProtocols), std::end(kStreamProtocols)}));
  return Way{true, *std::move(protocol)};
}

std::unique_ptr<Channels> upgrade(const PodStreamCall& call, const Way& way, Streams streams) {
  if (way.spdy) {
    http::ByteStream* bytes = upgrade_to_spdy(call, way.protocol);
    return bytes == nullptr ? nullptr : std::make_unique<SpdyChannels>(call.loop, *bytes, way.protocol, streams);
  }
  http::WebSocket* socket = upgrade_to_websocket(call, way.protocol);
  return socket == nullptr ? nullptr : std::make_unique<WebSocketChannels>(*socket, streams);
}

Task<std::optional<Reply>> answer_session(const PodStreamCall& call) {
  const bool attaches = call.subresource == "attach";
  auto command = attaches ? Result<std::vector<std::string>>() : decode_command(call.query);
  if (!command) co_return error_reply(command.error());
  auto streams = decode_streams(call.query);
  if (!streams) co_return error_reply(streams.error());
  if (auto placed = check_place(call); !placed) co_return error_reply(placed.error());
  const std::string container = call.query.text("container");
  const auto& meta = call.pod.metadata();
  auto id = co_await call.exec->find_running(meta.namespace_(), meta.name(), container);
  if (!id) co_return error_reply(from_node(id.error()));
  auto way = choose_way(call);
  if (!way) co_return std::move(way).error();
  auto session = co_await open_session(call, *streams, *std::move(id));
  if (!session) co_return error_reply(from_node(session.error()));
  std::unique_ptr<Channels> channels = upgrade(call, *way, *streams);
  if (channels == nullptr) co_return no_handshake_reply();
  if (attaches && has_terminal(call.pod, container)) streams->tty = true;  // its errors come with its output
  co_await join_session(call.loop, *std::move(session), *streams, std::move(channels),
                        attaches ? "error attaching to container" : "error executing command in container");
  co_return std::nullopt;
}

// --- portforward ---

Task<std::optional<Reply>> answer_forward(const PodStreamCall& call) {
  if (auto placed = check_place(call); !placed) co_return error_reply(placed.error());
  const auto& meta = call.pod.metadata();
  auto sandbox = co_await call.forward->find_sandbox(meta.namespace_(), meta.name());
  if (!sandbox) co_return error_reply(from_node(sandbox.error()));
  const ForwardTarget target{*call.forward, *std::move(sandbox), meta.name(), meta.uid()};
  if (!http::wants_websocket(call.http)) {
    if (!http::wants_upgrade(call.http, kSpdy)) co_return no_upgrade("a WebSocket of SPDY/3.1+portforward.k8s.io, or SPDY/3.1");
    const auto offered = offered_versions(call);
    if (std::ranges::find(offered, kForwardProtocol) == offered.end()) co_return no_common_version(offered, {kForwardProtocol});
    http::ByteStream* bytes = upgrade_to_spdy(call, std::string(kForwardProtocol));
    if (bytes == nullptr) co_return no_upgrade(kSpdy);
    co_await forward_streams(call.loop, target, *bytes);
    co_return std::nullopt;
  }
  const auto offered = http::offered_protocols(call.http);
  if (std::ranges::find(offered, kTunnelProtocol) != offered.end()) {
    http::WebSocket* socket = upgrade_to_websocket(call, std::string(kTunnelProtocol));
    if (socket == nullptr) co_return no_handshake_reply();
    http::WebSocketTunnel tunnel(*socket);
    co_await forward_streams(call.loop, target, tunnel);
    co_return std::nullopt;
  }
  const auto old = std::ranges::find_first_of(offered, kOldForwardProtocols);
  if (old == offered.end() && !offered.empty()) co_return no_upgrade("a WebSocket of SPDY/3.1+portforward.k8s.io or v4.channel.k8s.io");
  auto ports = decode_ports(call.query);
  if (!ports) co_return error_reply(ports.error());
  http::WebSocket* socket = upgrade_to_websocket(call, offered.empty() ? "" : *old);
  if (socket == nullptr) co_return no_handshake_reply();
  co_await forward_channels(call.loop, target, *std::move(ports), *socket);
  co_return std::nullopt;
}

}  // namespace

Task<std::optional<Reply>> answer_pod_stream(PodStreamCall call) {
  if (call.subresource == "portforward") co_return co_await answer_forward(call);
  co_return co_await answer_session(call);
}

}  // namespace stint::rest
