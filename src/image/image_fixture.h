// For the tests of this folder: a directory that goes with the test, a loop in virtual time, and tasks run to their end. Loop thread only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "base/sim_loop.h"

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

}  // namespace stint
