// What a plan wants the user to be told: an Event on the planned object, for when its write has gone through. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "client/recorder.h"

namespace stint {

struct Notice {
  bool warning = false;
  std::string reason;
  std::string message;
  bool operator==(const Notice&) const = default;
};

inline void announce(Recorder& recorder, const Message& about, const std::vector<Notice>& notices) {
  for (const Notice& notice : notices) {
    if (notice.warning) {
      recorder.warning(about, notice.reason, notice.message);
    } else {
      recorder.normal(about, notice.reason, notice.message);
    }
  }
}

}  // namespace stint
