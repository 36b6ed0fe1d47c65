// Semantic equality of objects, as upstream's update rules see it: a plain field that is absent equals the same field at zero,
// an empty list or map equals none, a pointer field (option `pointer`) at zero differs from none, and quantities compare by
// value. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"

namespace stint {

// REQUIRES: both are of the same type.
bool semantically_equal(const Message& a, const Message& b);
// The same of one field of theirs.
bool semantically_equal_field(const Message& a, const Message& b, const google::protobuf::FieldDescriptor* field);
// The same of whole objects that differ in little: parts that are alike to the byte are not looked into.
bool semantically_equal_objects(const Message& a, const Message& b);

// Alike to the byte, which costs a fraction of any comparison by fields. False says nothing where there are maps.
bool same_bytes(const Message& a, const Message& b);

}  // namespace stint
