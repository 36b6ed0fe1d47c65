// Who a container runs as: the `user` of its configuration looked up in the image's /etc/passwd and /etc/group. Blocking; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/crun/oci_config.h"

namespace stint::crun {

// `text`: "", "uid", "uid:gid", "name" or "name:group". `layer_dirs`: the image's unpacked layers, lowest first. A number needs no entry; a
// name without one is kInvalid: `unable to find user NAME: no matching entries in passwd file`. Groups that list the user are added
// if `image_groups`, then `supplemental`.
Result<UserIds> resolve_user(const std::string& text, const std::vector<std::string>& layer_dirs, const std::vector<int64_t>& supplemental,
                             bool image_groups = true);

// The same over the texts of the two files. Pure.
Result<UserIds> resolve_user_in(const std::string& text, const std::string& passwd, const std::string& group,
                                const std::vector<int64_t>& supplemental, bool image_groups = true);

}  // namespace stint::crun
