#include "faulty_runtime.h"

namespace stint::sim {

void FaultyRuntime::on_exit(std::function<void(const ContainerStatus&)> handler) {
  handler_ = std::move(handler);
  ++listener_;
  if (handler_) {
    FakeRuntime::on_exit([this](const ContainerStatus& status) { report(status); });
  } else {
    FakeRuntime::on_exit(nullptr);
  }
}

void FaultyRuntime::report(const ContainerStatus& status) {
  if (faults_.happens(faults_.lost_exits)) {
    faults_.journal.add("the exit of " + status.id + " is not reported");
    owes_ = true;
    return;
  }
  if (faults_.happens(faults_.repeated_exits)) report_later(status);
  if (faults_.happens(faults_.late_exits)) return report_later(status);
  if (handler_) handler_(status);
}

void FaultyRuntime::report_later(const ContainerStatus& status) {
  loop_.call_after(std::chrono::milliseconds(faults_.dice.between(1, 10'000)), [this, status, listener = listener_] {
    if (handler_ && listener == listener_) handler_(status);
  });
}

}  // namespace stint::sim
