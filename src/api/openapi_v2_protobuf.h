// Swagger 2.0 in the protobuf form that client-go asks for (gnostic's openapi.v2.Document): kubectl before 1.28 validates and
// explains by it alone. Pure; any thread.
#pragma once

#include <string>

#include "api/json.h"

namespace stint {

// `document`: as openapi.cc writes it; members that it never writes are not looked for.
std::string openapi_v2_protobuf(const json::Value& document);

}  // namespace stint
