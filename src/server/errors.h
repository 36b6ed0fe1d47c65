// The errors of the front door, in upstream's words (kubectl prints them, clients match on them). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/kind.h"
#include "base/result.h"
#include "store/store.h"

namespace stint {

Error not_found(const Kind& kind, std::string_view name);
Error already_exists(const Kind& kind, std::string_view name, bool existing_is_deleting);
// "Operation cannot be fulfilled on jobs.batch "x": why".
Error conflict(const Kind& kind, std::string_view name, std::string_view why);
Error modified_conflict(const Kind& kind, std::string_view name);
Error forbidden(const Kind& kind, std::string_view name, std::string_view why);
// 422 of an object. REQUIRES: there are errors.
Error invalid(const Kind& kind, std::string_view name, const FieldErrors& errors);
// 422 of something else, such as "ListOptions.meta.k8s.io"; `qualified_kind` is "Kind.group" or "".
Error invalid(std::string_view qualified_kind, std::string_view name, const FieldErrors& errors);
Error method_not_allowed(const Kind& kind, std::string_view verb);
Error too_large_resource_version(Revision asked, Revision current);

}  // namespace stint
