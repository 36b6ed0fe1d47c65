// How the kubelet of a node is reached: its address and port are in the Node's status. It is believed when a certificate that our authority
// signed names it `system:node:<name>`, so that no node can stand in for another. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "client/client.h"
#include "wire/http_client.h"

namespace stint {

class KubeletClient {
 public:
  // `client` reads nodes. REQUIRES: it outlives this.
  KubeletClient(Loop& loop, Client& client, std::shared_ptr<const http::TlsContext> context)
      : loop_(loop), client_(client), context_(std::move(context)) {}

  struct Connection {
    std::unique_ptr<http::ClientConnection> stream;
    std::string authority;  // "10.0.0.2:10250"
  };
  // kServiceUnavailable: it does not answer, or is not the one it should be.
  Task<Result<Connection>> connect(std::string node);

  Loop& loop() { return loop_; }

 private:
  Loop& loop_;
  Client& client_;
  std::shared_ptr<const http::TlsContext> context_;
};

// The address of a node at which its kubelet listens: a numeric one, those of the cluster's inside first. "" it tells none. Pure.
std::string address_of_kubelet(const corev1::Node& node);

}  // namespace stint
