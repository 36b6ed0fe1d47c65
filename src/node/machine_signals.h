// What this machine has left of what pods may use up. Blocking; any thread.
#pragma once

#include <string>

#include "node/eviction.h"

namespace stint {

// `image_dir`: where images are unpacked; "" if that is somebody else's.
Observations observe_machine(const std::string& data_dir, const std::string& image_dir);

}  // namespace stint
