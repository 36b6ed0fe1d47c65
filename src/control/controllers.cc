#include "control/controllers.h"

#include <array>

namespace stint {
namespace {

// A row is ControllerRow{"name", make_controller<NameController>}.
constexpr std::array<ControllerRow, 0> kControllers{};

}  // namespace

std::span<const ControllerRow> controllers() { return kControllers; }

ControllerSet::ControllerSet(Loop& loop, Client& client, std::span<const ControllerRow> rows)
    : informers_(loop, client), context_{loop, client, informers_} {
  for (const ControllerRow& row : rows) controllers_.push_back(row.make(context_));
}

void ControllerSet::start() {
  informers_.start();
  for (auto& controller : controllers_) controller->start();
}

}  // namespace stint
