// What the kinds of rbac.authorization.k8s.io share: their names may be anything that can stand in a path. Pure; any thread.
#pragma once

#include "api/names.h"

namespace stint::rbac {

Faults name_faults(std::string_view name);
// Rules::validate_name.
void validate_name(std::string_view name, bool is_prefix, FieldErrors& errors, std::string_view field);

}  // namespace stint::rbac
