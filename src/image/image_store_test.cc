#include "image/image_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "image/image_fixture.h"
#include "image/layer.h"
#include "image/registry.h"
#include "image/sha256.h"
#include "image/test_archives.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

class Images : public ImageTest {
 protected:
  void SetUp() override {
    ImageTest::SetUp();
    if (!IsSkipped()) fs::create_directory(dir_ + "/root");
  }
  Result<UnpackedLayer> unpack(const std::vector<TarEntry>& entries, bool zstd = false) {
    return unpack_layer(make_tar(dir_ + "/layer.tar", entries, zstd), dir_ + "/root");
  }
  // One image with one layer.
  std::string make_archive(const std::string& name, const std::string& content) {
    const std::string layer = read_all(make_tar(dir_ + "/layer.tar", {{"file", AE_IFREG, content}}));
    return make_docker_archive(dir_ + "/archive.tar", name, {layer});
  }
};

TEST_F(Images, UnpacksFilesLinksAndDirectories) {
  const auto layer = unpack({{"bin", AE_IFDIR, ""}, {"bin/a", AE_IFREG, "text"}, {"bin/b", AE_IFLNK, "a"}, {"c", AE_IFREG, "bin/a", true}});
  ASSERT_TRUE(layer) << layer.error().message;
  EXPECT_EQ(read_all(dir_ + "/root/bin/b"), "text");
  EXPECT_EQ(fs::hard_link_count(dir_ + "/root/c"), 2u);
  EXPECT_EQ(layer->diff_id, sha256_of(read_all(dir_ + "/layer.tar")));
}

TEST_F(Images, ReadsCompressedLayersAndHashesThePlainTar) {
  const auto plain = unpack({{"a", AE_IFREG, "text"}});
  ASSERT_TRUE(plain);
  fs::remove(dir_ + "/root/a");
  const auto zstd = unpack({{"a", AE_IFREG, "text"}}, true);
  ASSERT_TRUE(zstd) << zstd.error().message;
  EXPECT_EQ(zstd->diff_id, plain->diff_id);
}

TEST_F(Images, TurnsWhiteoutsIntoOverlayfsOnes) {
  ASSERT_TRUE(unpack({{"d", AE_IFDIR, ""}, {"d/.wh..wh..opq", AE_IFREG, ""}, {".wh.gone", AE_IFREG, ""}}));
  struct stat found{};
  ASSERT_EQ(lstat((dir_ + "/root/gone").c_str(), &found), 0);
  EXPECT_TRUE(S_ISCHR(found.st_mode));
  EXPECT_EQ(found.st_rdev, makedev(0, 0));
  char value = 0;
  EXPECT_EQ(getxattr((dir_ + "/root/d").c_str(), "trusted.overlay.opaque", &value, 1), 1);
}

TEST_F(Images, RefusesNamesThatLeaveTheLayer) {
  EXPECT_FALSE(unpack({{"../evil", AE_IFREG, "x"}}));
  EXPECT_FALSE(unpack({{"a/../../evil", AE_IFREG, "x"}}));
  EXPECT_FALSE(fs::exists(dir_ + "/evil"));
}

TEST_F(Images, FollowsLinksInsideTheLayerOnly) {
  fs::create_directories(dir_ + "/outside");
  ASSERT_FALSE(unpack({{"out", AE_IFLNK, "../outside"}, {"out/evil", AE_IFREG, "x"}}).has_value() && fs::exists(dir_ + "/outside/evil"));
  fs::remove_all(dir_ + "/root");
  fs::create_directories(dir_ + "/root/outside");
  ASSERT_TRUE(unpack({{"out", AE_IFLNK, "/outside"}, {"out/file", AE_IFREG, "x"}}));
  EXPECT_TRUE(fs::exists(dir_ + "/root/outside/file"));
  EXPECT_FALSE(fs::exists(dir_ + "/outside/evil"));
}

TEST_F(Images, LeavesDeviceNodesOut) {
  ASSERT_TRUE(unpack({{"null", AE_IFCHR, ""}}));
  EXPECT_FALSE(fs::exists(dir_ + "/root/null"));
}

TEST_F(Images, RefusesWhatIsNoTar) {
  std::ofstream(dir_ + "/layer.tar") << "this is no archive at all, just text that goes on for a while";
  EXPECT_FALSE(unpack_layer(dir_ + "/layer.tar", dir_ + "/root"));
}

TEST_F(Images, ImportsADockerArchiveAndFindsItAfterReopening) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const auto imported = run(store->import_file(make_archive("bash", "x")));
  ASSERT_TRUE(imported) << imported.error().message;
  store = open_image_store(loop_, dir_ + "/store").value();
  const auto found = store->find(ImageReference::parse("docker.io/library/bash:latest").value());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->command, std::vector<std::string>{"sh"});
  EXPECT_EQ(found->env, std::vector<std::string>{"A=b"});
  ASSERT_EQ(found->layer_dirs.size(), 1u);
  EXPECT_EQ(read_all(found->layer_dirs[0] + "/file"), "x");
}

TEST_F(Images, GivesANameToTheNewestImageAndRemovesTheLayersOfAnOldOne) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const auto first = run(store->import_file(make_archive("bash", "one"))).value()[0];
  const auto second = run(store->import_file(make_archive("bash", "two"))).value()[0];
  EXPECT_EQ(store->find(ImageReference::parse("bash").value())->id, second.id);
  ASSERT_TRUE(run(store->remove(first.id)));
  EXPECT_FALSE(fs::exists(first.layer_dirs[0]));
  EXPECT_TRUE(fs::exists(second.layer_dirs[0]));
  EXPECT_EQ(run(store->remove("nosuch")).error().reason, Reason::kNotFound);
}

TEST_F(Images, NoticesWhatAnotherProcessImported) {
  auto server = open_image_store(loop_, dir_ + "/store").value();
  auto command = open_image_store(loop_, dir_ + "/store").value();
  ASSERT_TRUE(run(command->import_file(make_archive("bash", "x"))));
  EXPECT_TRUE(server->find(ImageReference::parse("bash").value()));
}

TEST_F(Images, RefusesALayerWithAnotherDigestAndKeepsNothing) {
  make_tar(dir_ + "/archive.tar", {{"manifest.json", AE_IFREG, R"([{"Config":"c","RepoTags":["a"],"Layers":["l"]}])"},
                                   {"c", AE_IFREG, R"({"rootfs":{"diff_ids":["sha256:)" + std::string(64, '0') + R"("]}})"},
                                   {"l", AE_IFREG, read_all(make_tar(dir_ + "/layer.tar", {{"f", AE_IFREG, "x"}}))}});
  auto store = open_image_store(loop_, dir_ + "/store").value();
  EXPECT_FALSE(run(store->import_file(dir_ + "/archive.tar")));
  EXPECT_TRUE(store->list().empty());
  EXPECT_TRUE(fs::is_empty(dir_ + "/store/tmp"));
  EXPECT_TRUE(fs::is_empty(dir_ + "/store/layers"));
}

TEST_F(Images, AnswersAPullFromDiskWhereADirectoryStandsInForTheRegistry) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const auto imported = run(store->import_file(make_archive("127.0.0.1:1/a:v1", "text")));
  ASSERT_TRUE(imported) << imported.error().message;
  const auto reference = ImageReference::parse("127.0.0.1:1/a:v1").value();
  EXPECT_FALSE(run(store->pull(reference, {}))) << "nobody listens there";
  store->answer_pulls_locally(imported->front().references);
  const auto pulled = run(store->pull(reference, {}));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->id, imported->front().id);
}

TEST(ImageReference, IsNormalisedAsDockerDoes) {
  EXPECT_EQ(ImageReference::parse("bash")->to_string(), "docker.io/library/bash:latest");
  EXPECT_EQ(ImageReference::parse("user/app:1.2")->to_string(), "docker.io/user/app:1.2");
  EXPECT_EQ(ImageReference::parse("127.0.0.1:5000/a/b")->to_string(), "127.0.0.1:5000/a/b:latest");
  EXPECT_EQ(ImageReference::parse("localhost/a")->to_string(), "localhost/a:latest");
  const std::string digest = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(ImageReference::parse("ghcr.io/a/b@" + digest)->to_string(), "ghcr.io/a/b@" + digest);
}

TEST(ImageReference, RefusesWhatIsNone) {
  for (const char* text : {"", "Bad::Name", "UPPER/case", "a b", "x@sha256:12", "a:", "../a", "a//b"}) {
    EXPECT_FALSE(ImageReference::parse(text)) << text;
  }
}

TEST(ImageReference, OfAnyLengthItTakesItReadsAgainWhenWrittenInFull) {
  EXPECT_FALSE(ImageReference::parse(std::string(248, 'a')));  // with library/ before it, it is too long
  for (const std::string& text :
       {std::string(247, 'a'), std::string(240, 'r') + ".io/" + std::string(255, 'a') + ":" + std::string(128, 't')}) {
    const auto reference = ImageReference::parse(text);
    ASSERT_TRUE(reference) << text;
    EXPECT_TRUE(ImageReference::parse(reference->to_string())) << reference->to_string();
  }
}

TEST(Registry, SpeaksPlainHttpToLoopbackOnly) {
  EXPECT_TRUE(is_loopback_registry("127.0.0.1:5000"));
  EXPECT_TRUE(is_loopback_registry("localhost:5000"));
  EXPECT_FALSE(is_loopback_registry("docker.io"));
  EXPECT_FALSE(is_loopback_registry("127.evil.example"));
}

}  // namespace
}  // namespace stint
