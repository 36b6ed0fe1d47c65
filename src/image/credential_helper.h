// Docker's credential helpers: programs docker-credential-NAME that are asked for the credentials of one host. Blocking, with a limit; any
// thread.
#pragma once

#include <string>

#include "base/result.h"
#include "image/image_store.h"

namespace stint {

// kNotFound if the helper, or credentials for the host, are not there.
Result<RegistryCredentials> ask_credential_helper(const std::string& name, const std::string& host);

}  // namespace stint
