// A controller: drives what is towards what was asked, for one purpose. It reads the shared caches and writes only through the client, and
// it is level-triggered: it may run at any time, twice, or after a crash between any two writes. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/metrics.h"
#include "client/client.h"
#include "control/informers.h"

namespace stint {

// What every controller is made from; outlives all of them.
struct ControllerContext {
  Loop& loop;
  Client& client;
  SharedInformers& informers;
  Metrics& metrics;
  std::string root_ca_pem;  // what kube-root-ca.crt publishes
  // Signs the token that a Secret of that name holds for the account; empty: such Secrets stay without.
  std::function<Result<std::string>(const corev1::ServiceAccount& account, const std::string& secret)> sign_token;
};

// The constructor asks for informers, and adds indexes and handlers; start() begins to work once those informers have synced.
class Controller {
 public:
  virtual ~Controller() = default;
  virtual void start() = 0;
};

// One row a controller; the list is in control/controllers.cc.
struct ControllerRow {
  std::string_view name;
  std::unique_ptr<Controller> (*make)(ControllerContext& context);
};

template <class T>
std::unique_ptr<Controller> make_controller(ControllerContext& context) {
  return std::make_unique<T>(context);
}

}  // namespace stint
