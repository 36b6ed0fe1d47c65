// Files of manifests into a virtual cluster, by its front door: what the server refuses is refused here in the same words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/virtual_cluster.h"

namespace stint::simulate {

// The documents of a YAML text, or the one of a JSON text; empty ones are left out.
std::vector<std::string> split_documents(std::string_view text);

// Creates every object of the text, in its order, in the namespaces that they name, which are made if they are not there.
Result<void> create_objects(VirtualCluster& cluster, std::string_view text);

}  // namespace stint::simulate
