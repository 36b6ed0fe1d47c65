#include "kubelet/kubelet_client.h"

#include <array>

#include "os/socket.h"

namespace stint {
namespace {

constexpr Duration kConnectMax = std::chrono::seconds(10);
constexpr int kUsualPort = 10250;

std::string authority_of(const std::string& address, int port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::unexpected<Error> unreachable(const std::string& node, const std::string& why) {
  return fail(Reason::kServiceUnavailable, "the kubelet of node \"" + node + "\" cannot be reached: " + why);
}

}  // namespace

std::string address_of_kubelet(const corev1::Node& node) {
  static constexpr std::array<std::string_view, 3> kTypes = {"InternalIP", "ExternalIP", "Hostname"};
  for (const std::string_view type : kTypes) {
    for (const corev1::NodeAddress& address : node.status().addresses()) {
      if (address.type() == type && os::Endpoint::of(address.address(), 0)) return address.address();
    }
  }
  return "";
}

Task<Result<KubeletClient::Connection>> KubeletClient::connect(std::string name) {
  CO_TRY(const auto node, co_await get<corev1::Node>(client_, "", name));
  const std::string address = address_of_kubelet(*node);
  if (address.empty()) co_return unreachable(name, "the node's status has no IP address");
  const int told = node->status().daemonendpoints().kubeletendpoint().port();
  const int port = told != 0 ? told : kUsualPort;
  CO_TRY(const os::Endpoint endpoint, os::Endpoint::of(address, port));
  auto opened = co_await with_timeout(loop_, kConnectMax, http::ClientConnection::open(loop_, endpoint, context_));
  if (!opened) co_return unreachable(name, authority_of(address, port) + " does not answer");
  if (!*opened) co_return unreachable(name, authority_of(address, port) + ": " + opened->error().message);
  Connection connection{.stream = **std::move(opened), .authority = authority_of(address, port)};
  const std::string wanted = "system:node:" + name, found = connection.stream->peer().common_name;
  if (found != wanted) co_return unreachable(name, "its certificate names \"" + found + "\" and not \"" + wanted + "\"");
  co_return connection;
}

}  // namespace stint
