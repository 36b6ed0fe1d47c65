// The seam between the server and the node agent for pods/portforward: connections to what listens in a pod. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "base/result.h"

namespace stint {

// One connection. Destroying it closes it.
class PodConnection {
 public:
  virtual ~PodConnection() = default;
  // What came next; "" once nothing more comes. An error, in words for the user: there was no connection after all. One reader.
  virtual Task<Result<std::string>> read() = 0;
  // Waits while the other side does not read. False: it is gone. One writer.
  virtual Task<bool> write(std::string bytes) = 0;
  virtual void end_output() = 0;  // nothing more is written, which the other side learns where it can; reading goes on
};

// The node seen by the server: what `pods/portforward` needs.
class ForwardSource {
 public:
  virtual ~ForwardSource() = default;
  // What the pod's network is called here. kNotFound unless the pod has one.
  virtual Task<Result<std::string>> find_sandbox(std::string ns, std::string pod) = 0;
  // To the pod's own loopback address. An error, in words for the user, if nobody listens.
  virtual Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) = 0;
};

}  // namespace stint
