// The variables by which a container finds Services, as upstream's kubelet sets them. Pure; any thread.
#pragma once

#include <memory>
#include <vector>

#include "node/environment.h"

namespace stint {

// Whether pods of that namespace are told of the Service: those of their own if they want links, and always the one of the API.
bool is_told(const corev1::Service& service, const std::string& ns, bool wants_links);

// NAME_SERVICE_HOST and the like. Headless Services have none.
void add_service_variables(const corev1::Service& service, Environment& out);

}  // namespace stint
