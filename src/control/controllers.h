// The list of controllers, and all of them running over one client and one set of informers. Loop thread only.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "control/controller.h"

namespace stint {

std::span<const ControllerRow> controllers();
// All but those named; "*" names every one. kBadRequest for a name that no controller has.
Result<std::vector<ControllerRow>> controllers_without(const std::vector<std::string>& disabled);

// What controllers know from elsewhere: see ControllerContext.
struct ControllerOptions {
  std::string root_ca_pem;
  std::function<Result<std::string>(const corev1::ServiceAccount&, const std::string&)> sign_token;
  Metrics* metrics = nullptr;  // where they count, and what outlives them; null: for themselves
};

class ControllerSet {
 public:
  // `rows`: which ones; tests run a few.
  ControllerSet(Loop& loop, Client& client, ControllerOptions options = {}, std::span<const ControllerRow> rows = controllers());
  void start();

 private:
  Metrics own_metrics_;
  SharedInformers informers_;
  ControllerContext context_;
  std::vector<std::unique_ptr<Controller>> controllers_;
};

}  // namespace stint
