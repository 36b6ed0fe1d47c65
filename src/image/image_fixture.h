// For the tests of this folder: a directory that goes with the test, a loop in virtual time, and tasks run to their end. Loop thread only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "base/sim_loop.h"
#include "image/image_store.h"
#include "image/test_archives.h"

namespace stint {

class ImageTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "unpacking sets owners and makes whiteouts: it needs root";
    dir_ = testing::TempDir() + "/images-" + std::to_string(getpid());
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override {
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    Event done(loop_);
    Scope scope(loop_);
    scope.spawn(internal::store_result(std::move(task), &value, &done));
    loop_.run();
    return std::move(*value);
  }

  std::string dir_;
  SimLoop loop_{WallTime{}};
};

// With an image store in the directory.
class PullTest : public ImageTest {
 protected:
  void SetUp() override {
    ImageTest::SetUp();
    if (!IsSkipped()) store_ = open_image_store(loop_, dir_ + "/store").value();
  }

  // The bytes of a plain tar with one file.
  std::string layer(const std::string& name, const std::string& content) {
    return read_all(make_tar(dir_ + "/layer.tar", {{name, AE_IFREG, content}}));
  }
  Result<ImageInfo> pull(const std::string& reference) { return run(store_->pull(ImageReference::parse(reference).value(), {})); }
  void expect_nothing_kept() {
    EXPECT_TRUE(store_->list().empty());
    EXPECT_TRUE(std::filesystem::is_empty(dir_ + "/store/tmp"));
    EXPECT_TRUE(std::filesystem::is_empty(dir_ + "/store/layers"));
  }

  std::unique_ptr<ImageStore> store_;
};

}  // namespace stint
