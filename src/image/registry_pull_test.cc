// Pulling as users do: the image store against Debian's docker-registry on loopback, with images pushed by skopeo.
#include "image/registry_fixture.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

TEST_F(RegistryPull, ByTagUnpacksLayersAndKeepsTheConfig) {
  const std::string reference = push("team/app:v1", {layer("low", "1"), layer("high", "2")});
  const auto pulled = pull(reference);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->command, std::vector<std::string>{"sh"});
  EXPECT_EQ(pulled->env, std::vector<std::string>{"A=b"});
  ASSERT_EQ(pulled->layer_dirs.size(), 2u);
  EXPECT_EQ(read_all(pulled->layer_dirs[0] + "/low"), "1");
  EXPECT_EQ(read_all(pulled->layer_dirs[1] + "/high"), "2");
  EXPECT_EQ(store_->find(ImageReference::parse(reference).value())->id, pulled->id);
}

TEST_F(RegistryPull, ByDigestFindsTheImageByDigestOnly) {
  const std::string reference = push("app:v1", {layer("file", "x")});
  const std::string by_digest = registry_->address() + "/app@" + manifest(reference).digest;
  const auto pulled = pull(by_digest);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_TRUE(store_->find(ImageReference::parse(by_digest).value()));
  EXPECT_FALSE(store_->find(ImageReference::parse(reference).value()));
}

TEST_F(RegistryPull, ReadsGzipAndZstdLayersAlike) {
  const std::string content = layer("file", "the same");
  const std::string gzip = push("gzip", {content}, {"--dest-compress-format", "gzip"});
  const std::string zstd = push("zstd", {content}, {"--format", "oci", "--dest-compress-format", "zstd"});
  ASSERT_NE(manifest(zstd).bytes.find("tar+zstd"), std::string::npos) << manifest(zstd).bytes;
  ASSERT_NE(first_layer(gzip), first_layer(zstd));
  const auto by_zstd = pull(zstd);
  ASSERT_TRUE(by_zstd) << by_zstd.error().message;
  EXPECT_EQ(read_all(by_zstd->layer_dirs[0] + "/file"), "the same");
  const auto by_gzip = pull(gzip);
  ASSERT_TRUE(by_gzip) << by_gzip.error().message;
  EXPECT_EQ(by_gzip->layer_dirs, by_zstd->layer_dirs);
}

TEST_F(RegistryPull, PicksThisMachineFromAnIndex) {
  const Manifest other = manifest(push("app:other", {layer("file", "other machine")}));
  const Manifest ours = manifest(push("app:ours", {layer("file", "this machine")}));
  const auto entry = [](const Manifest& of, const std::string& architecture) {
    return R"({"mediaType":")" + of.media_type + R"(","digest":")" + of.digest + R"(","size":)" + std::to_string(of.bytes.size()) +
           R"(,"platform":{"os":"linux","architecture":")" + architecture + "\"}}";
  };
  const std::string type = "application/vnd.oci.image.index.v1+json";
  const std::string index = R"({"schemaVersion":2,"mediaType":")" + type + R"(","manifests":[)" + entry(other, "s390x") + "," +
                            entry(ours, "amd64") + "," + entry(ours, "arm64") + "]}";
  std::ofstream(dir_ + "/index.json") << index;
  run_program({"curl", "--silent", "--show-error", "--fail", "-X", "PUT", "-H", "Content-Type: " + type, "--data-binary",
               "@" + dir_ + "/index.json", "http://" + registry_->address() + "/v2/app/manifests/all"});
  const auto pulled = pull(registry_->address() + "/app:all");
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_all(pulled->layer_dirs[0] + "/file"), "this machine");
  EXPECT_TRUE(store_->find(ImageReference::parse(registry_->address() + "/app@" + sha256_of(index)).value()));
}

TEST_F(RegistryPull, DownloadsALayerOnceForImagesPulledTogetherAndLater) {
  const std::string shared = layer("base", "shared");
  const std::string one = push("one", {shared, layer("one", "1")}), two = push("two", {shared, layer("two", "2")});
  const std::string three = push("three", {shared, layer("three", "3")});
  const std::string digest = first_layer(one);
  ASSERT_EQ(first_layer(three), digest);
  std::optional<Result<ImageInfo>> first, second;
  {
    Event done(loop_);
    Scope scope(loop_);
    scope.spawn(internal::store_result(store_->pull(ImageReference::parse(one).value(), {}), &first, &done));
    scope.spawn(internal::store_result(store_->pull(ImageReference::parse(two).value(), {}), &second, &done));
    loop_.run();
  }
  ASSERT_TRUE(first && *first && second && *second);
  const auto third = pull(three);
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_EQ(third->layer_dirs[0], (*first)->layer_dirs[0]);
  EXPECT_EQ(registry_->stop_and_count_downloads(digest), 1);
}

TEST_F(RegistryPull, TakesAMovedTagAndKeepsTheOldImageByItsDigest) {
  const std::string reference = push("app", {layer("file", "old")});
  const auto old = pull(reference);
  ASSERT_TRUE(old) << old.error().message;
  push("app", {layer("file", "new")});
  const auto moved = pull(reference);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_NE(moved->id, old->id);
  EXPECT_EQ(store_->find(ImageReference::parse(reference).value())->id, moved->id);
  EXPECT_TRUE(store_->find_id(old->id));
}

TEST_F(RegistryPull, SaysWhichReferenceTheRegistryDoesNotHave) {
  push("app:v1", {layer("file", "x")});
  for (const std::string& missing : {registry_->address() + "/app:v2", registry_->address() + "/nothing/here:latest"}) {
    const auto pulled = pull(missing);
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().reason, Reason::kNotFound);
    EXPECT_EQ(pulled.error().message, "failed to resolve reference \"" + missing + "\": " + missing + ": not found");
  }
  expect_nothing_kept();
}

TEST_F(RegistryPull, KeepsTheRegistrysOwnWordsAboutAMissingBlob) {
  const std::string reference = push("app", {layer("file", "x")});
  fs::remove(registry_->blob_file(first_layer(reference)));
  const auto pulled = pull(reference);
  ASSERT_FALSE(pulled);
  EXPECT_NE(pulled.error().message.find("blob unknown to registry"), std::string::npos) << pulled.error().message;
  expect_nothing_kept();
}

TEST_F(RegistryPull, RefusesABlobThatIsNotWhatItsDigestSays) {
  const std::string reference = push("app", {layer("file", "some content")});
  const std::string file = registry_->blob_file(first_layer(reference));
  const std::string whole = read_all(file);
  std::string changed = whole;
  changed[changed.size() / 2] ^= 1;
  for (const std::string& bytes : {changed, whole.substr(0, whole.size() / 2), whole + "more"}) {
    std::ofstream(file, std::ios::binary) << bytes;
    const auto pulled = pull(reference);
    ASSERT_FALSE(pulled);
    EXPECT_TRUE(pulled.error().message.starts_with("failed to pull blob sha256:")) << pulled.error().message;
    expect_nothing_kept();
  }
  std::ofstream(file, std::ios::binary) << whole;
  EXPECT_TRUE(pull(reference));
}

TEST_F(RegistryPull, SaysThatNobodyListens) {
  const std::string reference = push("app", {layer("file", "x")});
  registry_.reset();
  const auto pulled = pull(reference);
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().reason, Reason::kServiceUnavailable);
  EXPECT_NE(pulled.error().message.find("Couldn't connect to server"), std::string::npos) << pulled.error().message;
  expect_nothing_kept();
}

}  // namespace
}  // namespace stint
