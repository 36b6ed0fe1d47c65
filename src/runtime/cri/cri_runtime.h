// Containers by a runtime that speaks CRI v1 over a Unix socket: containerd, CRI-O.
#pragma once

#include <memory>

#include "image/image_store.h"
#include "runtime/runtime.h"

namespace stint {

// options.endpoint says where. What is ours there is labelled with the name of options.run_dir.
Result<std::unique_ptr<Runtime>> make_cri_runtime(Loop& loop, RuntimeOptions options);

// The images of that runtime, pulled by it. Archives are imported by its own tools: import_file is kMethodNotAllowed.
Result<std::unique_ptr<ImageStore>> open_cri_image_store(Loop& loop, const std::string& endpoint);

}  // namespace stint
