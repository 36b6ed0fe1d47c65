// Names of signers: "example.com/signer". Pure; any thread.
#pragma once

#include <string>

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::certificates {

void validate_signer_name(const std::string& name, const FieldPath& path, FieldErrors& errors);

}  // namespace stint::certificates
