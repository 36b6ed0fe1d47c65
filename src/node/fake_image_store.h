// An image store in memory, for tests and `stint simulate`: every name is there after a pull unless told otherwise. Loop thread only.
#pragma once

#include <map>
#include <string>

#include "image/image_store.h"

namespace stint {

class FakeImageStore : public ImageStore {
 public:
  explicit FakeImageStore(Loop& loop) : loop_(loop) {}

  void put(std::string_view name, ImageInfo info) {
    auto reference = ImageReference::parse(name);
    if (!reference) return;
    if (info.id.empty()) info.id = "sha256:" + std::string(name);
    images_[reference->to_string()] = std::move(info);
  }
  void fail_pulls(int count, std::string message) {
    failures_ = count;
    failure_ = std::move(message);
  }
  void set_pull_time(Duration time) { pull_time_ = time; }
  int pulls() const { return pulls_; }

  std::optional<ImageInfo> find(const ImageReference& reference) const override {
    auto found = images_.find(reference.to_string());
    if (found == images_.end()) return std::nullopt;
    return found->second;
  }
  std::optional<ImageInfo> find_id(std::string_view image_id) const override {
    for (const auto& [name, info] : images_)
      if (info.id == image_id) return info;
    return std::nullopt;
  }
  std::vector<ImageInfo> list() const override {
    std::vector<ImageInfo> all;
    for (const auto& [name, info] : images_) all.push_back(info);
    return all;
  }
  // From now on this image is pulled only by who has these credentials.
  void protect(std::string name, std::string username, std::string password) {
    protected_[std::move(name)] = {.username = std::move(username), .password = std::move(password)};
  }
  Task<Result<ImageInfo>> pull(ImageReference reference, PullRequest request) override {
    ++pulls_;
    if (pull_time_ > Duration{0}) co_await sleep_for(loop_, pull_time_);
    if (failures_ > 0) {
      --failures_;
      co_return fail(Reason::kNotFound, failure_);
    }
    std::optional<RegistryCredentials> used;
    if (const auto found = protected_.find(reference.name()); found != protected_.end()) {
      for (const auto& each : request.credentials)
        if (each.hash() == found->second.hash()) used = each;
      if (!used) co_return fail(Reason::kUnauthorized, "pull access denied");
    }
    if (!images_.contains(reference.to_string())) put(reference.to_string(), {.size_bytes = 1000, .command = {"/bin/sh"}});
    ImageInfo& image = images_.at(reference.to_string());
    image.access[reference.name()].add(used);
    co_return image;
  }
  void answer_pulls_locally(const std::vector<std::string>&) override {}
  Task<Result<std::vector<ImageInfo>>> import_file(std::string path) override {
    co_return fail(Reason::kNotFound, "no such file: " + path);
  }
  // From now on this image stays.
  void fail_removal(std::string id, std::string message) { stuck_[std::move(id)] = std::move(message); }
  Task<Result<void>> remove(std::string reference_or_id) override {
    if (const auto stuck = stuck_.find(reference_or_id); stuck != stuck_.end()) co_return fail(Reason::kInternalError, stuck->second);
    std::erase_if(images_, [&](const auto& entry) { return entry.first == reference_or_id || entry.second.id == reference_or_id; });
    co_return Result<void>{};
  }

  Task<Result<void>> sweep() override { co_return Result<void>{}; }

 private:
  Loop& loop_;
  std::map<std::string, ImageInfo> images_;
  std::map<std::string, RegistryCredentials> protected_;  // by name
  std::map<std::string, std::string> stuck_;              // by id
  Duration pull_time_{0};
  int failures_ = 0, pulls_ = 0;
  std::string failure_;
};

}  // namespace stint
