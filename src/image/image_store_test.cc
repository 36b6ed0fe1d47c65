#include "image/image_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "image/image_fixture.h"
#include "image/image_folder.h"
#include "image/layer.h"
#include "image/registry.h"
#include "image/sha256.h"
#include "image/test_archives.h"
#include "os/descriptor.h"

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
  // The bytes of a plain tar with one file, which are in layer.tar too.
  std::string plain_layer(const std::string& name, const std::string& content) {
    return read_all(make_tar(dir_ + "/layer.tar", {{name, AE_IFREG, content}}));
  }
  // One image with one layer.
  std::string make_archive(const std::string& name, const std::string& content) {
    return make_docker_archive(dir_ + "/archive.tar", name, {plain_layer("file", content)});
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

TEST_F(Images, KeepsALayerUntilTheLastImageThatHasItGoes) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const std::string shared = plain_layer("base", "shared");
  const auto import = [&](const std::string& name) {
    return run(store->import_file(make_docker_archive(dir_ + "/" + name + ".tar", name, {shared, plain_layer(name, name)}))).value()[0];
  };
  const ImageInfo one = import("one"), two = import("two");
  ASSERT_EQ(one.layer_dirs[0], two.layer_dirs[0]);
  ASSERT_TRUE(run(store->remove(one.id)));
  EXPECT_TRUE(fs::exists(two.layer_dirs[0] + "/base"));
  EXPECT_FALSE(fs::exists(one.layer_dirs[1]));
  ASSERT_TRUE(run(store->remove(two.id)));
  EXPECT_TRUE(fs::is_empty(dir_ + "/store/layers"));
  EXPECT_TRUE(fs::is_empty(dir_ + "/store/tmp"));
}

TEST_F(Images, SweepsLayersThatNoImageHasButNotThoseOfAPullUnderWay) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const ImageFolder folder = ImageFolder::open(dir_ + "/store").value();
  const std::string bytes = plain_layer("file", "x"), id = sha256_of(bytes);
  {
    const auto claim = folder.claim_layers({id});
    ASSERT_TRUE(claim);
    ASSERT_TRUE(folder.add_layer(dir_ + "/layer.tar", id));
    ASSERT_TRUE(run(store->sweep()));
    EXPECT_TRUE(folder.has_layer(id));
  }
  ASSERT_TRUE(run(store->sweep()));
  EXPECT_FALSE(folder.has_layer(id));
}

// Whether somebody waits for the lock of the layers.
bool somebody_waits(ino_t layers) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("->") != std::string::npos && line.find(":" + std::to_string(layers) + " ") != std::string::npos) return true;
  }
  return false;
}

TEST_F(Images, ASweepSparesWhatIsClaimedOrKeptUntilItHasTheLayersForItself) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const ImageFolder folder = ImageFolder::open(dir_ + "/store").value();
  const std::string unused = sha256_of(plain_layer("file", "unused"));
  ASSERT_TRUE(folder.add_layer(dir_ + "/layer.tar", unused));
  const std::string claimed = sha256_of(plain_layer("file", "claimed"));
  ASSERT_TRUE(folder.add_layer(dir_ + "/layer.tar", claimed));
  const std::string archive = make_archive("bash", "kept");
  std::optional<os::Descriptor> lock = os::open_path(dir_ + "/store/layers", O_RDONLY | O_DIRECTORY).value();
  struct stat layers{};
  ASSERT_EQ(fstat(lock->get(), &layers), 0);
  ASSERT_EQ(flock(lock->get(), LOCK_SH), 0);  // as one who is about to say what it needs
  std::atomic<bool> swept = false;
  std::optional<LayerClaim> claim;
  std::string kept;
  {
    std::jthread sweep([&] {
      EXPECT_TRUE(folder.sweep_layers());
      swept = true;
    });
    while (!swept && !somebody_waits(layers.st_ino)) std::this_thread::yield();
    auto said = folder.claim_layers({claimed});
    const auto imported = run(store->import_file(archive));
    if (said) claim.emplace(std::move(*said));
    if (imported) kept = imported->front().layer_dirs[0];
    lock.reset();
  }
  ASSERT_TRUE(claim && !kept.empty());
  EXPECT_FALSE(folder.has_layer(unused));
  EXPECT_TRUE(folder.has_layer(claimed));
  EXPECT_TRUE(fs::exists(kept));
}

TEST_F(Images, AProcessThatWasKilledClaimsNothing) {
  const ImageFolder folder = ImageFolder::open(dir_ + "/store").value();
  const std::string id = sha256_of(plain_layer("file", "x"));
  ASSERT_TRUE(folder.add_layer(dir_ + "/layer.tar", id));
  const auto claim_and_be_killed = [&] {
    const auto claim = folder.claim_layers({id});
    raise(SIGKILL);
  };
  EXPECT_EXIT(claim_and_be_killed(), testing::KilledBySignal(SIGKILL), "");
  ASSERT_FALSE(fs::is_empty(dir_ + "/store/tmp"));
  ASSERT_TRUE(folder.sweep_layers());
  EXPECT_FALSE(folder.has_layer(id));
  ASSERT_TRUE(ImageFolder::open(dir_ + "/store"));
  EXPECT_TRUE(fs::is_empty(dir_ + "/store/tmp"));
}

TEST_F(Images, AnImageThatIsRemovedWhileItComesAgainIsThereOrNotWithAllItsLayers) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const std::string archive = make_archive("bash", "x");
  const auto first = run(store->import_file(archive)).value()[0];
  std::optional<Result<void>> removed;
  std::optional<Result<std::vector<ImageInfo>>> imported;
  Event one(loop_), other(loop_);
  Scope scope(loop_);
  scope.spawn(internal::store_result(store->import_file(archive), &imported, &other));
  scope.spawn(internal::store_result(store->remove(first.id), &removed, &one));
  loop_.run();
  ASSERT_TRUE(removed && *removed && imported && *imported);
  const auto left = store->find_id(first.id);
  auto again = open_image_store(loop_, dir_ + "/store").value();
  EXPECT_EQ(again->list().size(), left ? 1u : 0u) << "what the store says is what is on disk";
  EXPECT_EQ(fs::exists(first.layer_dirs[0]), left.has_value());
}

// As after a kill in the middle of a removal.
TEST_F(Images, NoLayerIsLeftInPart) {
  auto store = open_image_store(loop_, dir_ + "/store").value();
  const auto image = run(store->import_file(make_archive("bash", "x"))).value()[0];
  const std::string file = image.layer_dirs[0] + "/file";
  const os::Descriptor held = os::open_path(file, O_RDONLY).value();
  int flags = 0;
  if (ioctl(held.get(), FS_IOC_GETFLAGS, &flags) != 0 || (flags |= FS_IMMUTABLE_FL, ioctl(held.get(), FS_IOC_SETFLAGS, &flags) != 0))
    GTEST_SKIP() << "this file system knows no immutable files";
  EXPECT_FALSE(run(store->remove(image.id)));
  flags &= ~FS_IMMUTABLE_FL;
  ASSERT_EQ(ioctl(held.get(), FS_IOC_SETFLAGS, &flags), 0);
  EXPECT_FALSE(fs::exists(image.layer_dirs[0]));
  store = open_image_store(loop_, dir_ + "/store").value();
  EXPECT_TRUE(store->list().empty());
  EXPECT_TRUE(run(store->import_file(make_archive("bash", "x"))));
  EXPECT_EQ(read_all(file), "x");
}

TEST_F(Images, ForgetsRecordsThatWereHalfWritten) {
  const std::string half = dir_ + "/store/images/abc.json.tmp" + std::to_string(getpid()) + ".1";
  fs::create_directories(dir_ + "/store/images");
  std::ofstream(half) << "{";
  ASSERT_TRUE(open_image_store(loop_, dir_ + "/store"));
  EXPECT_FALSE(fs::exists(half));
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
