#include "server/rest/pod_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "server/rest/request_info.h"
#include "wire/http_client.h"

namespace stint::rest {
namespace {

constexpr Duration kConnectMax = std::chrono::seconds(30);
constexpr int kPortMax = 65535;
constexpr std::string_view kHopHeaders[] = {
    "Connection", "Proxy-Connection",  "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te",
    "Trailer",    "Transfer-Encoding", "Upgrade",    "Content-Length"};
constexpr std::string_view kIdentityHeaders[] = {"Authorization", "Impersonate-User", "Impersonate-Group", "Impersonate-Uid"};
constexpr std::string_view kIdentityExtra = "Impersonate-Extra-";
constexpr std::string_view kCrossOriginHeaders[] = {"Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
                                                    "Access-Control-Allow-Methods", "Access-Control-Allow-Origin"};

bool same_word(std::string_view a, std::string_view b) { return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0; }
bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view one) { return same_word(one, name); });
}

// Whether the Connection header names it as a matter of the connection alone.
bool is_named_by_connection(std::string_view connection, std::string_view name) {
  while (!connection.empty()) {
    const size_t comma = std::min(connection.find(','), connection.size());
    std::string_view word = connection.substr(0, comma);
    connection.remove_prefix(std::min(comma + 1, connection.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (same_word(word, name)) return true;
  }
  return false;
}

void add_line(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

// Neither loopback nor link-local, neither for many nor for nobody.
bool is_global_unicast(const std::string& address) {
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) {
    const uint32_t bits = ntohl(four.s_addr);
    return bits != 0 && bits != 0xffffffff && bits >> 24 != 127 && !IN_MULTICAST(bits) && bits >> 16 != 0xa9fe;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return false;
  return !IN6_IS_ADDR_UNSPECIFIED(&six) && !IN6_IS_ADDR_LOOPBACK(&six) && !IN6_IS_ADDR_MULTICAST(&six) && !IN6_IS_ADDR_LINKLOCAL(&six) &&
         !IN6_IS_ADDR_V4MAPPED(&six);
}

std::string first_port(const corev1::Pod& pod) {
  for (const auto& container : pod.spec().containers()) {
    if (container.ports_size() > 0) return std::to_string(container.ports(0).containerport());
  }
  return "";
}

std::unexpected<Error> unreachable(std::string_view why) {
  return fail(Reason::kServiceUnavailable, "error trying to reach service: " + std::string(why));
}

std::string joined(const ProxyPlace& place) {
  const bool bare = place.address.find(':') == std::string::npos;
  return (bare ? place.address : "[" + place.address + "]") + ":" + place.port;
}

Result<os::Endpoint> endpoint_of(const ProxyPlace& place) {
  int port = 0;
  const char* end = place.port.data() + place.port.size();
  const auto parsed = std::from_chars(place.port.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port < 1 || port > kPortMax) {
    return unreachable("dial tcp " + joined(place) + ": no such port");
  }
  return os::Endpoint::of(place.address, port);
}

// A pod's certificate is its own affair: the name by which it is asked for is an address that came to be with it.
std::shared_ptr<const http::TlsContext> any_server() {
  auto context = http::TlsContext::make_client({.believes_anyone = true});
  return context ? std::make_shared<const http::TlsContext>(*std::move(context)) : nullptr;
}

Task<Result<std::unique_ptr<http::ClientConnection>>> connect(Loop& loop, ProxyPlace place, bool tls) {
  CO_TRY(const os::Endpoint endpoint, endpoint_of(place));
  std::shared_ptr<const http::TlsContext> context = tls ? any_server() : nullptr;
  if (tls && !context) co_return fail(Reason::kInternalError, "no TLS can be spoken");
  auto connected = co_await with_timeout(loop, kConnectMax, http::ClientConnection::open(loop, endpoint, std::move(context)));
  if (!connected) co_return unreachable("dial tcp " + joined(place) + ": i/o timeout");
  if (!*connected) co_return unreachable("dial tcp " + joined(place) + ": " + connected->error().message);
  co_return std::move(*connected);
}

Task<void> to_pod(http::ByteStream* from, http::ClientConnection* to, Event* over) {
  while (auto bytes = co_await from->receive()) {
    if (!co_await to->write(*std::move(bytes))) break;
  }
  over->set();
}
Task<void> from_pod(http::ClientConnection* from, http::ByteStream* to, Event* over) {
  while (true) {
    auto bytes = co_await from->read();
    if (!bytes || bytes->empty() || !co_await to->send(*std::move(bytes))) break;
  }
  to->close();
  over->set();
}

// The pod has changed the protocol: whatever comes on one side goes out on the other.
Task<std::optional<Reply>> join(PodProxyCall& call, http::ClientConnection& pod, const http::ResponseHead& head, http::Headers headers) {
  http::ByteStream* client = call.response.upgrade_to(head.header("Upgrade"), std::move(headers));
  if (client == nullptr) co_return error_reply(unreachable("it answered in a protocol that was not asked for").error());
  call.head(head.status);
  Event over(call.loop);
  Scope both(call.loop);
  both.spawn(to_pod(client, &pod, &over));
  both.spawn(from_pod(&pod, client, &over));
  co_await over.wait();
  co_return std::nullopt;
}

// The head at once, however long the pod takes for what follows it.
Task<std::optional<Reply>> pass_on(PodProxyCall& call, http::ClientConnection& pod, const http::ResponseHead& head, http::Headers headers) {
  const bool is_head = call.http.method == "HEAD";
  const bool is_bare = head.status == 204 || head.status == 304 || head.header("Content-Length") == "0";
  call.head(head.status);
  if (is_bare && !is_head) {
    co_await call.response.send(head.status, std::move(headers), http::Body());
    co_return std::nullopt;
  }
  bool open = co_await call.response.begin(head.status, std::move(headers));
  while (open && !is_head) {
    auto piece = co_await pod.read_body();
    if (!piece) co_return std::nullopt;  // without an end: the client must not take it for the whole answer
    if (piece->empty()) break;
    open = co_await call.response.write(*std::move(piece));
  }
  if (open) co_await call.response.end();
  co_return std::nullopt;
}

// The protocol that the client asks for in the place of HTTP.
std::string wanted_upgrade(const http::Request& request) {
  const auto wanted = http::elements_of(request, "Upgrade");
  return http::has_element(request, "Connection", "upgrade") && !wanted.empty() ? wanted[0] : "";
}

Reply redirect_to_root(const PodProxyCall& call) {
  const std::string query = call.http.query.empty() ? "" : "?" + call.http.query;
  return Reply{.code = 301, .headers = {{"Location", proxy_target(call.path + "/", "") + query}}};
}

}  // namespace

Result<ProxyName> parse_proxy_name(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  ProxyName name{.scheme = parts.size() == 3 ? parts[0] : ""};
  if (parts.size() <= 3) name.pod = parts[parts.size() == 3 ? 1 : 0];
  if (parts.size() > 1) name.port = parts.back();
  if (name.pod.empty() || (!name.scheme.empty() && name.scheme != "http" && name.scheme != "https")) {
    return fail(Reason::kBadRequest, "invalid pod request \"" + text + "\"");
  }
  if (name.scheme.empty()) name.scheme = "http";
  return name;
}

Result<ProxyPlace> find_proxy_place(const ProxyName& name, const corev1::Pod& pod) {
  const auto& status = pod.status();
  ProxyPlace place{.address = status.podips_size() > 0 ? status.podips(0).ip() : status.podip(), .port = name.port};
  if (!is_global_unicast(place.address)) return fail(Reason::kBadRequest, "address not allowed");
  if (place.port.empty()) place.port = first_port(pod);
  if (place.port.empty()) place.port = name.scheme == "https" ? "443" : "80";
  return place;
}

std::string proxy_target(std::string_view decoded_path, std::string_view query) {
  constexpr std::string_view kPlain = "-_.~$&+,/:;=@";
  std::string target;
  for (const char c : decoded_path) {
    const bool plain = isalnum(static_cast<unsigned char>(c)) != 0 || kPlain.find(c) != std::string_view::npos;
    target += plain ? std::string(1, c) : http::percent_encode({&c, 1});
  }
  if (!query.empty()) target.append("?").append(query);
  return target;
}

std::string proxy_request_headers(const http::Request& request, std::string_view prefix, std::string_view path, std::string_view upgrade) {
  std::string lines, forwarded;
  const std::string_view connection = request.header("Connection");
  for (const auto& [name, value] : request.headers) {
    const bool is_ours = same_word(name, "Host") || same_word(name, "Expect") || same_word(name, "X-Forwarded-Uri") ||
                         name.starts_with(':') || is_one_of(name, kHopHeaders) || is_named_by_connection(connection, name) ||
                         is_one_of(name, kIdentityHeaders) ||
                         same_word(std::string_view(name).substr(0, kIdentityExtra.size()), kIdentityExtra);
    if (same_word(name, "X-Forwarded-For")) {
      forwarded += value + ", ";
    } else if (!is_ours) {
      add_line(lines, name, value);
    }
  }
  std::string client = request.remote.substr(0, request.remote.rfind(':'));
  std::erase_if(client, [](char c) { return c == '[' || c == ']'; });
  if (!client.empty()) add_line(lines, "X-Forwarded-For", forwarded + client);
  add_line(lines, "X-Forwarded-Uri", proxy_target(std::string(prefix) + std::string(path), ""));
  if (!upgrade.empty()) {
    add_line(lines, "Connection", "Upgrade");
    add_line(lines, "Upgrade", upgrade);
  } else {
    add_line(lines, "Connection", "close");
  }
  const bool may_have_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (may_have_body || !request.body.empty()) add_line(lines, "Content-Length", std::to_string(request.body.size()));
  return lines;
}

http::Headers proxy_answer_headers(const http::ResponseHead& head) {
  http::Headers headers;
  const std::string_view connection = head.header("Connection");
  for (const auto& [name, value] : head.headers) {
    const bool is_dropped = is_one_of(name, kHopHeaders) || is_one_of(name, kCrossOriginHeaders) || same_word(name, "Date") ||
                            is_named_by_connection(connection, name);
    if (!is_dropped) headers.emplace_back(name, value);
  }
  return headers;
}

std::string proxied_location(std::string location, std::string_view host, std::string_view place, std::string_view prefix) {
  std::string_view path = location;
  const size_t scheme = path.find("://");
  const bool is_whole = scheme != std::string_view::npos && path.find('/') == scheme + 1;
  if (is_whole || path.starts_with("//")) {
    path.remove_prefix(is_whole ? scheme + 3 : 2);
    const size_t slash = std::min(path.find_first_of("/?#"), path.size());
    const std::string_view named = path.substr(0, slash);
    if (named != host && named != place) return location;
    path.remove_prefix(slash);
    if (named == host)
      return path.starts_with(prefix) || !path.starts_with('/')
                 ? location
                 : location.substr(0, location.size() - path.size()) + std::string(prefix) + std::string(path);
  }
  if (!path.starts_with('/') || path.starts_with(prefix)) return std::string(path);
  return std::string(prefix) + std::string(path);
}

Task<std::optional<Reply>> answer_pod_proxy(PodProxyCall call) {
  auto place = find_proxy_place(call.name, call.pod);
  if (!place) co_return error_reply(place.error());
  const std::string upgrade = wanted_upgrade(call.http);
  const bool reads = call.http.method == "GET" || call.http.method == "HEAD";
  if (call.proxied_path.empty() && reads && upgrade.empty()) co_return redirect_to_root(call);
  auto pod = co_await connect(call.loop, *place, call.name.scheme == "https");
  if (!pod) co_return error_reply(pod.error());
  const std::string prefix = call.path.substr(0, call.path.size() - call.proxied_path.size());
  const std::string_view host = call.http.header("Host");
  const std::string path = call.proxied_path.empty() ? "/" : call.proxied_path;
  auto head = co_await (*pod)->ask(call.http.method, host.empty() ? joined(*place) : std::string(host), proxy_target(path, call.http.query),
                                   proxy_request_headers(call.http, prefix, call.proxied_path, upgrade), call.http.body);
  if (!head) co_return error_reply(unreachable(head.error().message).error());
  http::Headers headers = call.headers;
  for (auto& [name, value] : proxy_answer_headers(*head)) {
    if (same_word(name, "Location")) value = proxied_location(std::move(value), host, joined(*place), proxy_target(prefix, ""));
    headers.emplace_back(std::move(name), std::move(value));
  }
  if (head->status == 101) co_return co_await join(call, **pod, *head, std::move(headers));
  co_return co_await pass_on(call, **pod, *head, std::move(headers));
}

}  // namespace stint::rest
