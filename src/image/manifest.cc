#include "image/manifest.h"

#include "api/json.h"

namespace stint {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
#error "name this processor as the OCI image specification does"
#endif
constexpr size_t kLayersMax = 500;  // overlayfs's own limit

Error malformed(std::string_view what) { return Error{.reason = Reason::kInvalid, .message = "malformed image: " + std::string(what)}; }

bool is_digest(std::string_view text) {
  return text.size() == 71 && text.starts_with("sha256:") && text.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

Result<BlobReference> read_blob(const json::Value& descriptor) {
  BlobReference blob{std::string(descriptor.string_at("digest")), -1};
  if (!is_digest(blob.digest)) return fail(malformed("a blob without a sha256 digest"));
  if (const json::Value* size = descriptor.find("size"); size != nullptr && size->is_int()) blob.size_bytes = size->as_int();
  return blob;
}

std::vector<std::string> strings_at(const json::Value& object, std::string_view key) {
  std::vector<std::string> strings;
  const json::Value* list = object.find(key);
  if (list == nullptr || !list->is_array()) return strings;
  for (const auto& item : list->as_array()) {
    if (item.is_string()) strings.push_back(item.as_string());
  }
  return strings;
}

}  // namespace

Result<bool> is_index(std::string_view manifest) {
  TRY(const json::Value document, json::parse(manifest));
  return document.find("manifests") != nullptr;
}

Result<std::string> pick_platform(std::string_view index) {
  TRY(const json::Value document, json::parse(index));
  const json::Value* manifests = document.find("manifests");
  if (manifests == nullptr || !manifests->is_array()) return fail(malformed("an index without manifests"));
  for (const auto& entry : manifests->as_array()) {
    const json::Value* platform = entry.find("platform");
    // An index of one image, as image tools export it, may name no platform.
    const bool fits = platform == nullptr ? manifests->as_array().size() == 1
                                          : platform->string_at("os") == "linux" && platform->string_at("architecture") == kArchitecture;
    if (fits && is_digest(entry.string_at("digest"))) return std::string(entry.string_at("digest"));
  }
  return fail(Reason::kNotFound, "no match for platform in manifest: it has none for linux/" + std::string(kArchitecture));
}

Result<ImageManifest> read_manifest(std::string_view manifest) {
  TRY(const json::Value document, json::parse(manifest));
  const json::Value* config = document.find("config");
  const json::Value* layers = document.find("layers");
  if (config == nullptr || layers == nullptr || !layers->is_array()) return fail(malformed("the manifest has no config or no layers"));
  if (layers->as_array().size() > kLayersMax) return fail(malformed("more than " + std::to_string(kLayersMax) + " layers"));
  ImageManifest result;
  TRY(result.config, read_blob(*config));
  for (const auto& layer : layers->as_array()) {
    TRY(BlobReference blob, read_blob(layer));
    result.layers.push_back(std::move(blob));
  }
  return result;
}

Result<ImageConfig> read_config(std::string_view text) {
  TRY(const json::Value document, json::parse(text));
  const json::Value* rootfs = document.find("rootfs");
  if (rootfs == nullptr) return fail(malformed("the config has no rootfs"));
  ImageConfig result;
  result.diff_ids = strings_at(*rootfs, "diff_ids");
  for (const auto& diff_id : result.diff_ids) {
    if (!is_digest(diff_id)) return fail(malformed("a diff_id that is no sha256 digest"));
  }
  if (const json::Value* config = document.find("config"); config != nullptr) {
    result.info.entrypoint = strings_at(*config, "Entrypoint");
    result.info.command = strings_at(*config, "Cmd");
    result.info.env = strings_at(*config, "Env");
    result.info.working_dir = config->string_at("WorkingDir");
    result.info.user = config->string_at("User");
    result.info.stop_signal = config->string_at("StopSignal");
  }
  return result;
}

}  // namespace stint
