// The patches, on documents; strategic merge also needs the message's descriptor for its merge keys. Pure; any thread.
#pragma once

#include "api/json.h"

namespace stint {

inline constexpr size_t kJsonPatchOperationsMax = 10000;

// RFC 6902. Errors: kBadRequest (not a patch), kRequestEntityTooLarge, kInvalid (a test or path that fails).
Result<json::Value> apply_json_patch(const json::Value& document, const json::Value& patch);
// RFC 7386.
json::Value apply_merge_patch(const json::Value& document, const json::Value& patch);
// With $patch, $deleteFromPrimitiveList, $setElementOrder, $retainKeys, as upstream's strategicpatch.
Result<json::Value> apply_strategic_patch(const json::Value& document, const json::Value& patch, const google::protobuf::Descriptor& type);

}  // namespace stint
