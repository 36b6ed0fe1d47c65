#include "node/pod_storage.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "node/volumes.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

class Storage : public testing::Test {
 protected:
  Storage() {
    std::string pattern = fs::temp_directory_path() / "stint-storage-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    pod_.mutable_metadata()->set_uid("u");
  }
  ~Storage() override { fs::remove_all(dir_); }

  PodPaths paths() const { return PodPaths(dir_, dir_ + "/logs", pod_); }
  static void write(const std::string& path, size_t bytes) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << std::string(bytes, 'x') << std::flush;
  }
  std::string excess() const {
    const auto excess = exceeded_storage_limit(pod_.spec(), measure_pod_storage(pod_.spec(), paths(), {{"a", dir_ + "/layer"}}));
    return excess ? excess->message : "";
  }
  void limit(const std::string& name, const std::string& quantity) {
    auto& container = *pod_.mutable_spec()->add_containers();
    container.set_name(name);
    if (!quantity.empty()) (*container.mutable_resources()->mutable_limits())["ephemeral-storage"].set_string(quantity);
  }

  std::string dir_;
  corev1::Pod pod_;
};

TEST_F(Storage, AVolumeIsWithinItsLimitUpToTheBlockThatExceedsIt) {
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  auto& source = *volume.mutable_volumesource()->mutable_emptydir();
  EXPECT_FALSE(has_storage_limits(pod_.spec()));
  source.mutable_sizelimit()->set_string("1Mi");
  EXPECT_TRUE(has_storage_limits(pod_.spec()));
  ASSERT_TRUE(set_up_volumes(pod_.spec(), paths(), {}));
  const std::string path = paths().volume("v");
  std::ofstream(path + "/a") << std::string(512 << 10, 'x');
  fs::create_hard_link(path + "/a", path + "/same");
  fs::create_directory_symlink("/usr", path + "/link");
  EXPECT_EQ(excess(), "");
  std::ofstream(path + "/b") << std::string(512 << 10, 'x') << std::flush;
  EXPECT_EQ(excess(), "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ");
}

TEST_F(Storage, AContainerMayHaveSoMuchInItsLayerAndItsLogs) {
  limit("a", "1Mi");
  limit("b", "");
  EXPECT_TRUE(has_storage_limits(pod_.spec()));
  write(dir_ + "/layer/file", 600 << 10);
  EXPECT_EQ(excess(), "");
  write(paths().container_log_dir("a") + "/0.log", 600 << 10);
  // The pod is limited by the containers that have limits, as upstream reckons, and comes first.
  EXPECT_EQ(excess(), "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ");
  (*pod_.mutable_spec()->mutable_containers(1)->mutable_resources()->mutable_limits())["ephemeral-storage"].set_string("4Mi");
  EXPECT_EQ(excess(), "Container a exceeded its local ephemeral storage limit \"1Mi\". ");
}

TEST_F(Storage, APodsVolumesCountWithItsContainersButForThoseInMemory) {
  limit("a", "512Ki");
  limit("b", "512Ki");
  for (const char* name : {"disk", "memory"}) {
    auto& volume = *pod_.mutable_spec()->add_volumes();
    volume.set_name(name);
    volume.mutable_volumesource()->mutable_emptydir()->set_medium(std::string_view(name) == "memory" ? "Memory" : "");
  }
  write(paths().volume("memory") + "/file", 2 << 20);
  write(paths().volume("disk") + "/file", 512 << 10);
  EXPECT_EQ(excess(), "");
  write(paths().volume("disk") + "/more", 600 << 10);
  EXPECT_EQ(excess(), "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ");
}

TEST_F(Storage, AnInitContainerThatMayHaveMoreSetsThePodsLimit) {
  limit("a", "512Ki");
  auto& init = *pod_.mutable_spec()->add_initcontainers();
  init.set_name("first");
  (*init.mutable_resources()->mutable_limits())["ephemeral-storage"].set_string("2Mi");
  write(paths().container_log_dir("first") + "/0.log", 1 << 20);
  EXPECT_EQ(excess(), "");
  write(paths().container_log_dir("first") + "/1.log", 2 << 20);
  EXPECT_EQ(excess(), "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ");
}

TEST_F(Storage, NothingIsLookedAtWithoutALimit) {
  limit("a", "");
  EXPECT_FALSE(has_storage_limits(pod_.spec()));
}

}  // namespace
}  // namespace stint
