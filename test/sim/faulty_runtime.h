// A runtime in virtual time whose reports of exits come late, twice, or not at all: then an agent that begins anew must find out. Loop
// thread only.
#pragma once

#include "faults.h"
#include "runtime/fake/fake_runtime.h"

namespace stint::sim {

class FaultyRuntime final : public FakeRuntime {
 public:
  FaultyRuntime(Loop& loop, Faults& faults) : FakeRuntime(loop), loop_(loop), faults_(faults) {}
  void on_exit(std::function<void(const ContainerStatus&)> handler) override;
  // Reports were lost: the agent has to be ended, or it never learns of those containers.
  bool owes_a_report() const { return owes_; }
  void forget_debts() { owes_ = false; }

 private:
  void report(const ContainerStatus& status);
  void report_later(const ContainerStatus& status);

  Loop& loop_;
  Faults& faults_;
  std::function<void(const ContainerStatus&)> handler_;
  int listener_ = 0;  // reports are for the listener of their time
  bool owes_ = false;
};

}  // namespace stint::sim
