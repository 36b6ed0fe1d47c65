// Image archives: what `docker save` and `skopeo copy … oci-archive:` write, as one tar or as a directory. Blocking; any thread.
#pragma once

#include <string>
#include <vector>

#include "image/image_folder.h"

namespace stint {

// Imports every image of the archive. Errors name the file.
Result<std::vector<ImageRecord>> import_archive(const ImageFolder& folder, const std::string& path);

}  // namespace stint
