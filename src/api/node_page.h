// The seam between the server and a node's pages: what `nodes/NAME/proxy/PATH` shows, as a kubelet serves it. Loop thread only.
#pragma once

#include <string>

#include "base/result.h"
#include "base/task.h"

namespace stint {

struct NodePage {
  int code = 200;
  std::string content_type;
  std::string body;
};

class NodePageSource {
 public:
  virtual ~NodePageSource() = default;
  // `target`: path and query, "/metrics/cadvisor?x=y". A path that leads nowhere is a page with 404; kNotFound: there is no such node.
  virtual Task<Result<NodePage>> page(std::string node, std::string target) = 0;
};

}  // namespace stint
