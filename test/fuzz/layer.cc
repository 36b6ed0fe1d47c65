// Layers, as tar, plain or compressed: nothing is written outside the directory that the layer is unpacked into. Needs root.
#include "image/layer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz.h"
#include "os/descriptor.h"
#include "os/file.h"

namespace stint::fuzz {
namespace {

constexpr std::string_view kBeside = "stands beside the layer";

// A directory of this program's own, with the layer's directory and a file beside it.
class Sandbox {
 public:
  Sandbox() {
    std::string name = (std::filesystem::temp_directory_path() / "stint-fuzz-layer-XXXXXX").string();
    expect(mkdtemp(name.data()) != nullptr, name);
    path_ = name;
    std::ofstream(path_ / "beside") << kBeside;
    std::filesystem::create_directory(layer());
  }
  ~Sandbox() { std::filesystem::remove_all(path_); }
  std::filesystem::path layer() const { return path_ / "layer"; }

  // Makes it as new again.
  void expect_untouched() {
    std::string beside;
    std::ifstream file(path_ / "beside");
    std::getline(file, beside);
    expect_equal(beside, kBeside);
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      const std::string name = entry.path().filename();
      expect(name == "beside" || name == "layer", name);
    }
    expect(os::remove_tree(layer().string()).has_value(), "the layer cannot be removed");
    std::filesystem::create_directory(layer());
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

void run(std::string_view input) {
  static Sandbox sandbox;
  const os::Descriptor file(memfd_create("layer", MFD_CLOEXEC));
  expect(write(file.get(), input.data(), input.size()) == static_cast<ssize_t>(input.size()), "cannot write the layer");
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  const Result<UnpackedLayer> unpacked = unpack_layer(path, sandbox.layer().string());
  if (unpacked) expect(unpacked->size_bytes >= 0 && unpacked->diff_id.starts_with("sha256:"), unpacked->diff_id);
  sandbox.expect_untouched();
}

}  // namespace stint::fuzz
