// Strategic patches reach their objects by upstream's converter, which has sentences of its own for what does not fit. Pure; any thread.
#pragma once

#include <string>

#include "api/json.h"

namespace stint {

// What upstream's converter says of the first member that is of a wrong type; "" when it says nothing.
std::string conversion_fault(const json::Value& document, const google::protobuf::Descriptor& type);

}  // namespace stint
