// Events for users, as upstream's classic recorder writes them: name `<object>.<hex nanoseconds>`, a repeat raises `count` on the
// same Event, more than ten similar ones are aggregated, a burst about one object is limited. Of all together kPerSecond are written once
// kBurst have been (the kubelet's eventRecordQPS, with a larger burst), the rest wait, and past a limit are dropped. Never blocks the
// caller; failures are logged.
// Loop thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "client/client.h"

namespace stint {

class Recorder {
 public:
  static constexpr int kPerSecond = 50;
  static constexpr int kBurst = 500;

  // `component` is source.component, `host` source.host (the node, for the kubelet's events).
  Recorder(Loop& loop, Client& client, std::string component, std::string host = "");
  ~Recorder();

  void normal(const Message& about, std::string_view reason, std::string message, std::string_view field_path = "");
  void warning(const Message& about, std::string_view reason, std::string message, std::string_view field_path = "");

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stint
