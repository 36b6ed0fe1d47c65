// Objects as upstream's validation shows them in its messages: as JSON of its internal Go types, which have the names of Go's fields and
// tell what is not set: {"Name":"a","Command":null,…}. Types of the common machinery stay as they are. Pure; any thread.
#pragma once

#include <string>

#include "api/json.h"

namespace stint {

json::Value internal_form(const Message& message);
std::string internal_text(const Message& message);
// Of one of its fields; null when it is a pointer, a list or a map that is not set.
std::string internal_text(const Message& owner, const google::protobuf::FieldDescriptor* field);
// "" or "\n" and the lines that differ.
std::string internal_diff(const Message& before, const Message& after);

}  // namespace stint
