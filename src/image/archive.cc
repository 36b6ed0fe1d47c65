#include "image/archive.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <optional>

#include "api/json.h"
#include "image/layer.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr size_t kDocumentBytesMax = 8 * 1024 * 1024;
constexpr size_t kImagesMax = 256;

// An unpacked archive. Its names are not trusted: links are followed inside it only.
class Contents {
 public:
  static Result<Contents> open(const std::string& directory) {
    TRY(os::Descriptor root, os::open_path(directory, O_PATH | O_DIRECTORY));
    return Contents(std::move(root));
  }

  Result<os::Descriptor> file(const std::string& name) const {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a fifo in an archive must not hold us up
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const int fd = static_cast<int>(syscall(SYS_openat2, root_.get(), name.c_str(), &how, sizeof how));
    if (fd < 0) return fail(errno_error("open " + name, errno));
    return os::Descriptor(fd);
  }
  Result<std::string> text(const std::string& name) const {
    TRY(const os::Descriptor opened, file(name));
    return os::read_file("/proc/self/fd/" + std::to_string(opened.get()), kDocumentBytesMax);
  }

 private:
  explicit Contents(os::Descriptor root) : root_(std::move(root)) {}
  os::Descriptor root_;
};

std::string blob_path(std::string_view digest) { return "blobs/sha256/" + std::string(digest.substr(digest.find(':') + 1)); }

Result<std::string> normalised(std::string_view name) {
  TRY(const ImageReference reference, ImageReference::parse(name));
  return reference.to_string();
}

Result<ImageRecord> keep(const ImageFolder& folder, const Contents& contents, const std::string& config,
                         const std::vector<std::string>& layer_files, std::vector<std::string> references) {
  TRY(const ImageConfig parsed, read_config(config));
  if (parsed.diff_ids.size() != layer_files.size())
    return fail(Reason::kInvalid, "the image has as many diff ids as layers, this one has not");
  int64_t size_bytes = 0;
  TRY(LayerClaim claim, folder.claim_layers(parsed.diff_ids));
  for (size_t i = 0; i < layer_files.size(); ++i) {
    TRY(const os::Descriptor layer, contents.file(layer_files[i]));
    struct stat found{};
    if (fstat(layer.get(), &found) != 0) return fail(errno_error("read " + layer_files[i], errno));
    size_bytes += found.st_size;
    TRY_VOID(folder.add_layer("/proc/self/fd/" + std::to_string(layer.get()), parsed.diff_ids[i]));
  }
  TRY(ImageRecord record, folder.make_record(config, std::move(references), size_bytes));
  record.claim = std::make_shared<LayerClaim>(std::move(claim));
  return record;
}

Result<std::vector<ImageRecord>> import_docker(const ImageFolder& folder, const Contents& contents, std::string_view manifest) {
  TRY(const json::Value document, json::parse(manifest));
  if (!document.is_array() || document.as_array().size() > kImagesMax) return fail(Reason::kInvalid, "manifest.json is no list of images");
  std::vector<ImageRecord> records;
  for (const auto& image : document.as_array()) {
    std::vector<std::string> references, layers;
    if (const json::Value* tags = image.find("RepoTags"); tags != nullptr && tags->is_array()) {
      for (const auto& tag : tags->as_array()) {
        TRY(std::string reference, normalised(tag.is_string() ? tag.as_string() : ""));
        references.push_back(std::move(reference));
      }
    }
    if (const json::Value* list = image.find("Layers"); list != nullptr && list->is_array()) {
      for (const auto& layer : list->as_array()) layers.push_back(layer.is_string() ? layer.as_string() : "");
    }
    TRY(const std::string config, contents.text(std::string(image.string_at("Config"))));
    TRY(ImageRecord record, keep(folder, contents, config, layers, std::move(references)));
    records.push_back(std::move(record));
  }
  return records;
}

// The name that image tools leave in an index entry: containerd's whole name, or the ref name if that is one.
std::string name_in(const json::Value& entry) {
  const json::Value* annotations = entry.find("annotations");
  if (annotations == nullptr) return "";
  const std::string_view whole = annotations->string_at("io.containerd.image.name");
  const std::string_view name = whole.empty() ? annotations->string_at("org.opencontainers.image.ref.name") : whole;
  return name.find('/') == std::string_view::npos && name.find(':') == std::string_view::npos ? "" : std::string(name);
}

Result<ImageRecord> import_oci_image(const ImageFolder& folder, const Contents& contents, const json::Value& entry) {
  TRY(std::string manifest, contents.text(blob_path(entry.string_at("digest"))));
  TRY(const bool index, is_index(manifest));
  if (index) {
    TRY(const std::string digest, pick_platform(manifest));
    TRY(manifest, contents.text(blob_path(digest)));
  }
  TRY(const ImageManifest parsed, read_manifest(manifest));
  TRY(const std::string config, contents.text(blob_path(parsed.config.digest)));
  std::vector<std::string> layers, references;
  for (const auto& layer : parsed.layers) layers.push_back(blob_path(layer.digest));
  if (const std::string name = name_in(entry); !name.empty()) {
    TRY(std::string reference, normalised(name));
    references.push_back(std::move(reference));
  }
  return keep(folder, contents, config, layers, std::move(references));
}

Result<std::vector<ImageRecord>> import_oci(const ImageFolder& folder, const Contents& contents) {
  TRY(const std::string text, contents.text("index.json"));
  TRY(const json::Value index, json::parse(text));
  const json::Value* manifests = index.find("manifests");
  if (manifests == nullptr || !manifests->is_array() || manifests->as_array().size() > kImagesMax) {
    return fail(Reason::kInvalid, "index.json lists no images");
  }
  std::vector<ImageRecord> records;
  for (const auto& entry : manifests->as_array()) {
    TRY(ImageRecord record, import_oci_image(folder, contents, entry));
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::vector<ImageRecord>> import_directory(const ImageFolder& folder, const std::string& directory) {
  TRY(const Contents contents, Contents::open(directory));
  if (auto manifest = contents.text("manifest.json")) return import_docker(folder, contents, *manifest);
  if (contents.file("index.json")) return import_oci(folder, contents);
  return fail(Reason::kInvalid, "it is no image archive: neither manifest.json nor index.json is in it");
}

Result<std::vector<ImageRecord>> import_any(const ImageFolder& folder, const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return fail(errno_error("open", errno));
  if (S_ISDIR(found.st_mode)) return import_directory(folder, path);
  TRY(const std::string work, folder.make_work_dir());
  auto unpacked = unpack_layer(path, work);
  auto records = unpacked ? import_directory(folder, work) : Result<std::vector<ImageRecord>>(std::unexpected(unpacked.error()));
  TRY_VOID(os::remove_tree(work));
  return records;
}

}  // namespace

Result<std::vector<ImageRecord>> import_archive(const ImageFolder& folder, const std::string& path) {
  auto records = import_any(folder, path);
  if (!records) return fail(Error{.reason = records.error().reason, .message = "import " + path + ": " + records.error().message});
  return records;
}

}  // namespace stint
