// The list of store drivers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "store/store.h"

namespace stint {

// In the order of the list, the usual one first.
std::vector<std::string> store_names();
// Below `data_dir`, where the driver keeps anything. kNotFound, naming the known ones, for another name; else the driver's own errors.
// Blocking.
Result<std::unique_ptr<Store>> open_store(std::string_view name, Loop& loop, const std::string& data_dir);

}  // namespace stint
