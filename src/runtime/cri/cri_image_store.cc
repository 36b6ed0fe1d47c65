// Images as a container runtime has them. What it has is mirrored here, since others may pull and remove them too.
#include <algorithm>

#include "api/json.h"
#include "base/log.h"
#include "runtime/cri/cri_runtime.h"
#include "runtime/cri/cri_service.h"

namespace stint {

namespace cri {
namespace {

constexpr Duration kLook = std::chrono::seconds(10);

std::vector<std::string> texts_at(const json::Value& value, std::string_view name) {
  std::vector<std::string> texts;
  const json::Value* found = value.find(name);
  if (found == nullptr || !found->is_array()) return texts;
  for (const json::Value& one : found->as_array()) {
    if (one.is_string()) texts.push_back(one.as_string());
  }
  return texts;
}

// The image's own configuration stands in what a runtime tells for looking at, under the names of the OCI image format.
void read_config(const v1::ImageStatusResponse& told, ImageInfo& image) {
  const auto info = told.info().find("info");
  if (info == told.info().end()) return;
  const auto document = json::parse(info->second);
  const json::Value* spec = document ? document->find("imageSpec") : nullptr;
  const json::Value* config = spec != nullptr ? spec->find("config") : nullptr;
  if (config == nullptr) return;
  image.entrypoint = texts_at(*config, "Entrypoint");
  image.command = texts_at(*config, "Cmd");
  image.env = texts_at(*config, "Env");
  image.working_dir = config->string_at("WorkingDir");
  image.user = config->string_at("User");
  image.stop_signal = config->string_at("StopSignal");
}

class CriImageStore : public ImageStore {
 public:
  CriImageStore(Loop& loop, std::shared_ptr<Service> service) : loop_(loop), service_(std::move(service)), scope_(loop) {
    scope_.spawn(keep_looking());
  }

  std::optional<ImageInfo> find(const ImageReference& reference) const override {
    const std::string name = reference.to_string();
    for (const ImageInfo& image : images_) {
      if (std::ranges::find(image.references, name) != image.references.end()) return image;
    }
    return std::nullopt;
  }
  std::optional<ImageInfo> find_id(std::string_view image_id) const override {
    const auto found = std::ranges::find(images_, image_id, &ImageInfo::id);
    return found == images_.end() ? std::nullopt : std::optional(*found);
  }
  std::vector<ImageInfo> list() const override { return images_; }

  Task<Result<ImageInfo>> pull(ImageReference reference, PullRequest request) override {
    std::vector<std::optional<RegistryCredentials>> tries(request.credentials.begin(), request.credentials.end());
    if (tries.empty()) tries.emplace_back();  // the runtime has credentials of its own
    Result<std::string> id;
    for (const auto& each : tries) {
      id = co_await pull_by(reference, each);
      if (!id) continue;
      access_[*id][reference.name()].add(each);
      break;
    }
    if (!id) co_return fail(std::move(id).error());
    CO_TRY_VOID(co_await look());
    if (auto image = find_id(*id)) co_return *std::move(image);
    if (auto image = find(reference)) co_return *std::move(image);
    co_return fail(Reason::kInternalError, "the container runtime pulled " + reference.to_string() + " and has not got it");
  }
  Task<Result<std::vector<ImageInfo>>> import_file(std::string path) override {
    co_return fail(Reason::kMethodNotAllowed,
                   path + ": archives are imported by the container runtime's own tools, such as ctr -n k8s.io images import");
  }
  void answer_pulls_locally(const std::vector<std::string>&) override {}
  Task<Result<void>> remove(std::string reference_or_id) override {
    v1::RemoveImageRequest request;
    request.mutable_image()->set_image(std::move(reference_or_id));
    CO_TRY_VOID(co_await service_->images<v1::RemoveImageResponse>("RemoveImage", std::move(request)));
    co_return co_await look();
  }
  Task<Result<void>> sweep() override { co_return Result<void>(); }  // the runtime's own

 private:
  Task<Result<std::string>> pull_by(ImageReference reference, std::optional<RegistryCredentials> credentials) {
    v1::PullImageRequest request;
    request.mutable_image()->set_image(reference.to_string());
    if (credentials) {
      request.mutable_auth()->set_username(credentials->username);
      request.mutable_auth()->set_password(credentials->password);
      request.mutable_auth()->set_identity_token(credentials->identity_token);
    }
    CO_TRY(const auto pulled, co_await service_->images<v1::PullImageResponse>("PullImage", std::move(request), kPull));
    co_return pulled.image_ref();
  }

  Task<void> keep_looking() {
    while (true) {
      if (auto looked = co_await look(); !looked) log_warning("images are not known", "error", looked.error().message);
      co_await sleep_for(loop_, kLook);
    }
  }

  Task<Result<void>> look() {
    CO_TRY(const auto list, co_await service_->images<v1::ListImagesResponse>("ListImages", v1::ListImagesRequest()));
    std::vector<ImageInfo> next;
    for (const v1::Image& one : list.images()) {
      // What an id stands for never changes, its names do.
      ImageInfo image = find_id(one.id()).value_or(ImageInfo());
      if (image.id.empty()) {
        v1::ImageStatusRequest request;
        request.mutable_image()->set_image(one.id());
        request.set_verbose(true);
        CO_TRY(const auto told, co_await service_->images<v1::ImageStatusResponse>("ImageStatus", std::move(request)));
        read_config(told, image);
      }
      image.id = one.id();
      image.size_bytes = static_cast<int64_t>(one.size());
      image.references.assign(one.repo_tags().begin(), one.repo_tags().end());
      image.references.insert(image.references.end(), one.repo_digests().begin(), one.repo_digests().end());
      if (const auto who = access_.find(image.id); who != access_.end()) image.access = who->second;
      next.push_back(std::move(image));
    }
    std::erase_if(access_, [&](const auto& of) { return std::ranges::find(next, of.first, &ImageInfo::id) == next.end(); });
    images_ = std::move(next);
    co_return Result<void>();
  }

  Loop& loop_;
  std::shared_ptr<Service> service_;
  std::vector<ImageInfo> images_;
  std::map<std::string, std::map<std::string, ImageAccess>> access_;  // by image id, of pulls since our start
  Scope scope_;                                                       // last: destroyed first
};

}  // namespace
}  // namespace cri

Result<std::unique_ptr<ImageStore>> open_cri_image_store(Loop& loop, const std::string& endpoint) {
  TRY(auto service, cri::Service::open(loop, endpoint));
  return std::make_unique<cri::CriImageStore>(loop, std::move(service));
}

}  // namespace stint
