#include "runtime/runtimes.h"

#include "runtime/cri/cri_runtime.h"
#include "runtime/crun/crun_runtime.h"
#include "runtime/fake/fake_runtime.h"

namespace stint {
namespace {

using MakeRuntime = Result<std::unique_ptr<Runtime>> (*)(Loop&, RuntimeOptions);

struct Driver {
  std::string_view name;
  MakeRuntime make;
};

Result<std::unique_ptr<Runtime>> make_fake(Loop& loop, RuntimeOptions) {
  auto runtime = make_fake_runtime(loop);
  runtime->make_no_files();
  return runtime;
}

constexpr Driver kDrivers[] = {
    {"crun", make_crun_runtime},
    {"runc", make_crun_runtime},  // the same command line
    {"cri", make_cri_runtime},
    {"fake", make_fake},
};

}  // namespace

std::vector<std::string> runtime_names() {
  std::vector<std::string> names;
  for (const Driver& driver : kDrivers) names.emplace_back(driver.name);
  return names;
}

Result<std::unique_ptr<Runtime>> make_runtime(std::string_view name, Loop& loop, const RuntimeOptions& options) {
  std::string known;
  for (const Driver& driver : kDrivers) {
    if (driver.name == name) {
      RuntimeOptions own = options;
      if (own.program.empty()) own.program = name;
      return driver.make(loop, std::move(own));
    }
    known += (known.empty() ? "" : ", ") + std::string(driver.name);
  }
  return fail(Reason::kNotFound, "no container runtime \"" + std::string(name) + "\"; known are " + known);
}

}  // namespace stint
