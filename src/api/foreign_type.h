// Why upstream does not take a document for what is wanted, when it says it is something else. Pure; any thread.
#pragma once

#include <string>

#include "api/go_names.h"

namespace stint {

// Why a document does not tell its type; "" when it does, or leaves it out.
std::string type_line_fault(const json::Value& document);
// No such kind is served in such a version.
std::string not_registered(const TypeName& type);
// It is read as what it says before it does not fit, so the fault may be one of its own. `document`: null when it was no JSON.
// REQUIRES: said != wanted.
std::string foreign_type_fault(const TypeName& said, const TypeName& wanted, const json::Value* document);

}  // namespace stint
