#include "node/volumes.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "node/atomic_files.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

class Volumes : public testing::Test {
 protected:
  Volumes() {
    std::string pattern = fs::temp_directory_path() / "stint-volumes-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    pod_.mutable_metadata()->set_uid("u");
  }
  ~Volumes() override { fs::remove_all(dir_); }

  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  PodPaths paths() const { return PodPaths(dir_, dir_ + "/logs", pod_); }

  std::string dir_;
  corev1::Pod pod_;
};

TEST_F(Volumes, FilesAreLinksIntoOneVersionThatChangesAtOnce) {
  const std::string volume = dir_ + "/v";
  fs::create_directories(volume);
  ASSERT_TRUE(write_atomically(volume, {{"a", {"1", 0600}}, {"sub/b", {"2", 0644}}}));
  EXPECT_EQ(read(volume + "/a"), "1");
  EXPECT_EQ(fs::read_symlink(volume + "/a"), "..data/a");
  EXPECT_EQ(read(volume + "/sub/b"), "2");
  const fs::path first = fs::read_symlink(volume + "/..data");
  ASSERT_TRUE(write_atomically(volume, {{"a", {"1", 0600}}, {"sub/b", {"2", 0644}}}));
  EXPECT_EQ(fs::read_symlink(volume + "/..data"), first);
  ASSERT_TRUE(write_atomically(volume, {{"a", {"3", 0600}}}));
  EXPECT_NE(fs::read_symlink(volume + "/..data"), first);
  EXPECT_EQ(read(volume + "/a"), "3");
  EXPECT_FALSE(fs::exists(fs::symlink_status(volume + "/sub")));
  EXPECT_FALSE(fs::exists(volume + "/" + first.string()));
}

TEST_F(Volumes, FilesGivenToAGroupStayAsLongAsTheyHoldTheSame) {
  const std::string volume = dir_ + "/v";
  fs::create_directories(volume);
  ASSERT_TRUE(write_atomically(volume, {{"token", {"1", 0600}}}));
  const fs::path first = fs::read_symlink(volume + "/..data");
  ASSERT_EQ(chmod((volume + "/token").c_str(), 0640), 0);
  ASSERT_TRUE(write_atomically(volume, {{"token", {"1", 0600}}}));
  EXPECT_EQ(fs::read_symlink(volume + "/..data"), first);
}

TEST_F(Volumes, EmptyDirIsOpenToAllAndGoesWithThePod) {
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_emptydir();
  ASSERT_TRUE(set_up_volumes(pod_.spec(), paths(), {}));
  struct stat info{};
  ASSERT_EQ(stat(paths().volume("v").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0777u);
  ASSERT_TRUE(tear_down_pod_dir(paths().root));
  EXPECT_FALSE(fs::exists(paths().root));
}

TEST_F(Volumes, HostPathTypeMustMatch) {
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_hostpath()->set_path(dir_);
  volume.mutable_volumesource()->mutable_hostpath()->set_type("File");
  const auto made = set_up_volumes(pod_.spec(), paths(), {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: " + dir_ + " is not a file");
}

TEST_F(Volumes, SubPathMayNotLeaveItsVolume) {
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_emptydir();
  ASSERT_TRUE(set_up_volumes(pod_.spec(), paths(), {}));
  fs::create_directory_symlink("/", paths().volume("v") + "/out");
  corev1::Container container;
  container.set_name("c");
  auto& mount = *container.add_volumemounts();
  mount.set_name("v");
  mount.set_mountpath("/m");
  mount.set_subpath("in/side");
  auto mounts = container_mounts(pod_.spec(), container, paths(), {});
  ASSERT_TRUE(mounts);
  EXPECT_TRUE(fs::is_directory(paths().volume("v") + "/in/side"));
  mount.set_subpath("out/etc");
  EXPECT_FALSE(container_mounts(pod_.spec(), container, paths(), {}));
  mount.set_subpath("out/stint-must-not-be-made");
  EXPECT_FALSE(container_mounts(pod_.spec(), container, paths(), {}));
  EXPECT_FALSE(fs::exists("/stint-must-not-be-made"));
  EXPECT_TRUE(tear_down_pod_dir(paths().root));
}

TEST_F(Volumes, WhatASubPathWasIsMountedThoughALinkTakesItsPlace) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may bind";
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_emptydir();
  ASSERT_TRUE(set_up_volumes(pod_.spec(), paths(), {}));
  const fs::path inside = paths().volume("v") + "/in";
  fs::create_directory(inside);
  std::ofstream(inside / "mine") << "text";
  corev1::Container container;
  container.set_name("c");
  auto& mount = *container.add_volumemounts();
  mount.set_name("v");
  mount.set_mountpath("/m");
  mount.set_subpath("in");
  const auto mounts = container_mounts(pod_.spec(), container, paths(), {});
  ASSERT_TRUE(mounts);
  fs::rename(inside, paths().volume("v") + "/moved");
  fs::create_directory_symlink("/etc", inside);
  EXPECT_EQ(read(mounts->front().source + "/mine"), "text");
  EXPECT_FALSE(fs::exists(mounts->front().source + "/hostname"));
  EXPECT_FALSE(container_mounts(pod_.spec(), container, paths(), {}));  // the container's next start
  EXPECT_TRUE(tear_down_pod_dir(paths().root));
  EXPECT_FALSE(fs::exists(paths().root));
}

TEST_F(Volumes, WhatIsBoundOfAHostPathOutlivesThePod) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may bind";
  fs::create_directories(dir_ + "/host/sub");
  std::ofstream(dir_ + "/host/sub/kept") << "text";
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_hostpath()->set_path(dir_ + "/host");
  corev1::Container container;
  container.set_name("c");
  for (const char* sub : {"sub", "sub/kept"}) {
    auto& mount = *container.add_volumemounts();
    mount.set_name("v");
    mount.set_mountpath(std::string("/") + sub);
    mount.set_subpath(sub);
  }
  ASSERT_TRUE(set_up_volumes(pod_.spec(), paths(), {}));
  for (int start = 0; start < 2; ++start) {
    const auto mounts = container_mounts(pod_.spec(), container, paths(), {});
    ASSERT_TRUE(mounts);
    EXPECT_EQ(read((*mounts)[0].source + "/kept"), "text");
    EXPECT_EQ(read((*mounts)[1].source), "text");
  }
  ASSERT_TRUE(tear_down_pod_dir(paths().root));
  EXPECT_FALSE(fs::exists(paths().root));
  EXPECT_EQ(read(dir_ + "/host/sub/kept"), "text");
}

TEST_F(Volumes, AGroupIsGivenTheVolumeAndNothingThatALinkInItNames) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  auto& volume = *pod_.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_emptydir();
  pod_.mutable_spec()->mutable_securitycontext()->set_fsgroup(2000);
  const std::string path = paths().volume("v");
  fs::create_directories(path + "/sub");
  fs::create_directories(dir_ + "/outside/below");
  std::ofstream(path + "/sub/file") << "text";
  fs::create_directory_symlink(dir_ + "/outside", path + "/sub/link");
  ASSERT_TRUE(set_up_volumes(pod_.spec(), paths(), {}));
  struct stat info{};
  ASSERT_EQ(stat((path + "/sub").c_str(), &info), 0);
  EXPECT_EQ(info.st_gid, 2000u);
  EXPECT_EQ(info.st_mode & 02070, 02070u);
  ASSERT_EQ(stat((path + "/sub/file").c_str(), &info), 0);
  EXPECT_EQ(info.st_gid, 2000u);
  for (const char* untouched : {"/outside", "/outside/below"}) {
    ASSERT_EQ(stat((dir_ + untouched).c_str(), &info), 0);
    EXPECT_NE(info.st_gid, 2000u) << untouched;
    EXPECT_EQ(info.st_mode & 02000, 0u) << untouched;
  }
}

TEST(VolumePayload, MissingKeysBlockUnlessOptional) {
  corev1::Pod pod;
  corev1::VolumeSource source;
  auto& map = *source.mutable_configmap();
  map.mutable_localobjectreference()->set_name("m");
  EXPECT_EQ(build_payload(source, {.pod = pod}, {}).error().message, "configmap \"m\" not found");
  ReferencedObjects objects;
  auto object = std::make_shared<corev1::ConfigMap>();
  (*object->mutable_data())["k"] = "text";
  (*object->mutable_binarydata())["b"] = "bytes";
  objects.config_maps["m"] = object;
  EXPECT_EQ(build_payload(source, {.pod = pod}, objects)->size(), 2u);
  auto& item = *map.add_items();
  item.set_key("gone");
  item.set_path("x");
  EXPECT_EQ(build_payload(source, {.pod = pod}, objects).error().message, "configmap references non-existent config key: gone");
  map.set_optional(true);
  EXPECT_TRUE(build_payload(source, {.pod = pod}, objects)->empty());
}

TEST_F(Volumes, AnImageIsMountedReadOnlyAndItsLayersStayWhenThePodGoes) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const std::string low = dir_ + "/layers/low", high = dir_ + "/layers/high";
  fs::create_directories(low);
  fs::create_directories(high);
  std::ofstream(low + "/both") << "low";
  std::ofstream(low + "/only") << "low";
  std::ofstream(high + "/both") << "high";
  const std::string place = paths().volume("v");
  ASSERT_TRUE(set_up_image_volume(paths(), "v", {low, high}));
  ASSERT_TRUE(set_up_image_volume(paths(), "v", {low, high})) << "again";
  std::string both, only;
  std::ifstream(place + "/both") >> both;
  std::ifstream(place + "/only") >> only;
  EXPECT_EQ(both + only, "highlow");
  EXPECT_FALSE(std::ofstream(place + "/new"));
  ASSERT_TRUE(tear_down_pod_dir(paths().root));
  EXPECT_FALSE(fs::exists(paths().root));
  EXPECT_TRUE(fs::exists(low + "/only") && fs::exists(high + "/both"));
  ASSERT_TRUE(set_up_image_volume(paths(), "v", {low})) << "one layer";
  EXPECT_TRUE(fs::exists(place + "/only"));
  ASSERT_TRUE(tear_down_pod_dir(paths().root));
  EXPECT_FALSE(set_up_image_volume(paths(), "v", {})) << "of a runtime that keeps them to itself";
}

}  // namespace
}  // namespace stint
