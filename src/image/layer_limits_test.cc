// Layers that want more than they may have: bombs, too many entries, links out of the layer, and a disk that is full.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>

#include "image/image_fixture.h"
#include "image/image_folder.h"
#include "image/layer.h"
#include "image/test_archives.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMiB = 1 << 20;

class LayerLimitsTest : public ImageTest {
 protected:
  void SetUp() override {
    ImageTest::SetUp();
    if (!IsSkipped()) fs::create_directory(dir_ + "/root");
  }
  Result<UnpackedLayer> unpack(const std::string& tar, LayerLimits limits = {}) { return unpack_layer(tar, dir_ + "/root", limits); }
};

TEST_F(LayerLimitsTest, RefuseASmallFileThatUnpacksToALargeOne) {
  const std::string tar = make_tar(dir_ + "/bomb.tar", {{"zeros", AE_IFREG, std::string(kMiB, '\0')}}, true);
  ASSERT_LT(fs::file_size(tar), kMiB / 100);
  const auto layer = unpack(tar, {.bytes_max = kMiB / 2});
  ASSERT_FALSE(layer);
  EXPECT_NE(layer.error().message.find("layer is larger than 524288 bytes"), std::string::npos) << layer.error().message;
  EXPECT_LE(fs::file_size(dir_ + "/root/zeros"), kMiB / 2);
}

TEST_F(LayerLimitsTest, CountWhatFollowsTheEndOfTheTar) {
  const std::string tar = make_tar(dir_ + "/layer.tar", {{"file", AE_IFREG, "x"}});
  std::ofstream(tar, std::ios::binary | std::ios::app) << std::string(kMiB, '\0');
  EXPECT_FALSE(unpack(tar, {.bytes_max = kMiB / 2}));
  fs::remove(dir_ + "/root/file");
  EXPECT_TRUE(unpack(tar, {.bytes_max = 2 * kMiB}));
}

TEST_F(LayerLimitsTest, CountEntriesWhateverTheyAre) {
  const std::string tar = make_tar(dir_ + "/layer.tar", {{"a", AE_IFREG, ""}, {"b", AE_IFCHR, ""}, {"c", AE_IFDIR, ""}});
  EXPECT_FALSE(unpack(tar, {.entries_max = 2}));
  EXPECT_FALSE(fs::exists(dir_ + "/root/c"));
}

TEST_F(LayerLimitsTest, KeepHardLinksInsideTheLayer) {
  std::ofstream(dir_ + "/secret") << "outside";
  EXPECT_FALSE(unpack(make_tar(dir_ + "/up.tar", {{"link", AE_IFREG, "../secret", true}})));
  EXPECT_FALSE(unpack(make_tar(dir_ + "/absolute.tar", {{"link", AE_IFREG, dir_ + "/secret", true}})));
  EXPECT_FALSE(unpack(make_tar(dir_ + "/by.tar", {{"out", AE_IFLNK, dir_}, {"link", AE_IFREG, "out/secret", true}})));
  EXPECT_FALSE(fs::exists(dir_ + "/root/link"));
  EXPECT_EQ(fs::hard_link_count(dir_ + "/secret"), 1u);
}

TEST_F(LayerLimitsTest, WriteAFileInTheLinksPlaceNotWhereItLeads) {
  std::ofstream(dir_ + "/secret") << "outside";
  ASSERT_TRUE(unpack(make_tar(dir_ + "/layer.tar", {{"link", AE_IFLNK, dir_ + "/secret"}, {"link", AE_IFREG, "inside"}})));
  EXPECT_EQ(read_all(dir_ + "/root/link"), "inside");
  EXPECT_EQ(read_all(dir_ + "/secret"), "outside");
}

class FullDisk : public ImageTest {
 protected:
  void SetUp() override {
    ImageTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directory(dir_ + "/small");
    mounted_ = mount("tmpfs", (dir_ + "/small").c_str(), "tmpfs", 0, "size=512k") == 0;
    if (!mounted_) GTEST_SKIP() << "a tmpfs cannot be mounted here";
  }
  void TearDown() override {
    if (mounted_) EXPECT_EQ(umount2((dir_ + "/small").c_str(), MNT_DETACH), 0);
    ImageTest::TearDown();
  }
  bool mounted_ = false;
};

TEST_F(FullDisk, IsToldAndLeavesNoHalfLayer) {
  const auto folder = ImageFolder::open(dir_ + "/small/store").value();
  const std::vector<TarEntry> large{{"small", AE_IFREG, "x"}, {"large", AE_IFREG, std::string(kMiB, 'x')}};
  const std::string diff_id = sha256_of(read_all(make_tar(dir_ + "/large.tar", large)));
  const auto full = folder.add_layer(make_tar(dir_ + "/large.tar.zst", large, true), diff_id);
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message.find("large: No space left on device"), std::string::npos) << full.error().message;
  EXPECT_FALSE(folder.has_layer(diff_id));
  EXPECT_TRUE(fs::is_empty(dir_ + "/small/store/tmp"));
  EXPECT_TRUE(fs::is_empty(dir_ + "/small/store/layers"));

  const std::string small = make_tar(dir_ + "/small.tar", {{"file", AE_IFREG, "x"}});
  EXPECT_TRUE(folder.add_layer(small, sha256_of(read_all(small))));
}

}  // namespace
}  // namespace stint
