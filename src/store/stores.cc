#include "store/stores.h"

#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

namespace stint {
namespace {

struct Driver {
  std::string_view name;
  Result<std::unique_ptr<Store>> (*open)(Loop& loop, const std::string& data_dir);
};

Result<std::unique_ptr<Store>> open_sqlite(Loop& loop, const std::string& data_dir) {
  return open_sqlite_store(loop, data_dir + "/store.db");
}
Result<std::unique_ptr<Store>> open_memory(Loop& loop, const std::string&) { return make_memory_store(loop); }

constexpr Driver kDrivers[] = {
    {"sqlite", open_sqlite},
    {"memory", open_memory},
};

}  // namespace

std::vector<std::string> store_names() {
  std::vector<std::string> names;
  for (const Driver& driver : kDrivers) names.emplace_back(driver.name);
  return names;
}

Result<std::unique_ptr<Store>> open_store(std::string_view name, Loop& loop, const std::string& data_dir) {
  std::string known;
  for (const Driver& driver : kDrivers) {
    if (driver.name == name) return driver.open(loop, data_dir);
    known += (known.empty() ? "" : ", ") + std::string(driver.name);
  }
  return fail(Reason::kNotFound, "no store \"" + std::string(name) + "\"; known are " + known);
}

}  // namespace stint
