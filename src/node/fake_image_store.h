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
  Task<Result<ImageInfo>> pull(ImageReference reference, std::function<void(PullProgress)>) override {
    ++pulls_;
    if (pull_time_ > Duration{0}) co_await sleep_for(loop_, pull_time_);
    if (failures_ > 0) {
      --failures_;
      co_return fail(Reason::kNotFound, failure_);
    }
    if (!images_.contains(reference.to_string())) put(reference.to_string(), {.size_bytes = 1000, .command = {"/bin/sh"}});
    co_return images_.at(reference.to_string());
  }
  void answer_pulls_locally(const std::vector<std::string>&) override {}
  Task<Result<std::vector<ImageInfo>>> import_file(std::string path) override {
    co_return fail(Reason::kNotFound, "no such file: " + path);
  }
  Task<Result<void>> remove(std::string reference_or_id) override {
    std::erase_if(images_, [&](const auto& entry) { return entry.first == reference_or_id || entry.second.id == reference_or_id; });
    co_return Result<void>{};
  }

 private:
  Loop& loop_;
  std::map<std::string, ImageInfo> images_;
  Duration pull_time_{0};
  int failures_ = 0, pulls_ = 0;
  std::string failure_;
};

}  // namespace stint
