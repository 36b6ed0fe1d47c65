#include "image/docker_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

DockerKeyring keyring(const std::vector<std::string>& keys) {
  DockerKeyring keyring;
  for (const std::string& key : keys) keyring.add({{key, {.username = key, .password = "p"}}});
  return keyring;
}

// The keys whose credentials are tried for the image.
std::vector<std::string> matching(const std::vector<std::string>& keys, const std::string& image) {
  const auto reference = ImageReference::parse(image).value();
  std::vector<std::string> names;
  for (const auto& credentials : keyring(keys).lookup(reference.registry, reference.repository)) names.push_back(credentials.username);
  return names;
}

TEST(DockerKeyring, MatchesAHostWithItsPort) {
  EXPECT_THAT(matching({"r.example.com"}, "r.example.com/a/b:v1"), ElementsAre("r.example.com"));
  EXPECT_THAT(matching({"https://r.example.com:5000/v2/"}, "r.example.com:5000/a"), ElementsAre("https://r.example.com:5000/v2/"));
  EXPECT_THAT(matching({"r.example.com", "r.example.com:5001"}, "r.example.com:5000/a"), IsEmpty());
  EXPECT_THAT(matching({"example.com"}, "r.example.com/a"), IsEmpty());
}

TEST(DockerKeyring, TriesLongerPathsFirst) {
  EXPECT_THAT(matching({"r.example.com", "r.example.com/team", "r.example.com/team/app"}, "r.example.com/team/app:v1"),
              ElementsAre("r.example.com/team/app", "r.example.com/team", "r.example.com"));
  EXPECT_THAT(matching({"r.example.com/team"}, "r.example.com/other"), IsEmpty());
}

TEST(DockerKeyring, AWildcardStandsForOnePartOfAHost) {
  EXPECT_THAT(matching({"*.example.com"}, "r.example.com/a"), ElementsAre("*.example.com"));
  EXPECT_THAT(matching({"r*.example.*"}, "r1.example.org/a"), ElementsAre("r*.example.*"));
  EXPECT_THAT(matching({"*.example.com", "*.com"}, "a.b.example.com/a"), IsEmpty());
  EXPECT_THAT(matching({"*.example.com"}, "r.example.com:5000/a"), IsEmpty());
}

TEST(DockerKeyring, KnowsDockerHubByTheNameInDockersConfiguration) {
  EXPECT_THAT(matching({"https://index.docker.io/v1/"}, "bash"), ElementsAre("https://index.docker.io/v1/"));
  EXPECT_THAT(matching({"docker.io"}, "team/app"), ElementsAre("docker.io"));
  EXPECT_THAT(matching({"https://index.docker.io/v1/"}, "r.example.com/bash"), IsEmpty());
}

TEST(DockerConfig, ReadsNameAndPasswordPlainOrInBase64) {
  const auto entries = read_docker_config(R"({"auths":{"a":{"username":"u","password":"p"},"b":{"auth":"bWU6c2U6Y3JldA=="},)"
                                          R"("c":{"auth":"bWU6cw"}},"HttpHeaders":{}})");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ(entries->at(0).credentials.username, "u");
  EXPECT_EQ(entries->at(1).credentials.username, "me");
  EXPECT_EQ(entries->at(1).credentials.password, "se:cret");
  EXPECT_EQ(entries->at(2).credentials.password, "s") << "padding may be missing";
}

TEST(DockerConfig, ReadsTheOlderForm) {
  const auto entries = read_docker_cfg(R"({"r.example.com":{"username":"u","password":"p","email":"u@example.com"}})");
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_EQ(entries->at(0).key, "r.example.com");
}

TEST(DockerConfig, SaysWhatIsWrongWithoutTellingSecrets) {
  // aHVudGVyMg== is hunter2.
  for (const char* text : {"{\"hunter2", R"({"auths":[]})", R"({"auths":{"a":"hunter2"}})", R"({"auths":{"a":{"auth":"aHVudGVyMg=="}}})",
                           R"({"auths":{"a":{"auth":"hunter2!"}}})"}) {
    const auto entries = read_docker_config(text);
    ASSERT_FALSE(entries) << text;
    EXPECT_EQ(entries.error().message.find("unter2"), std::string::npos) << entries.error().message;
    EXPECT_EQ(entries.error().message.find("aHV"), std::string::npos) << entries.error().message;
  }
}

TEST(ImageAccess, IsEverybodysWithoutCredentialsAndElseTheirsWhoHaveTheSameOnes) {
  const auto reference = ImageReference::parse("r.example.com/app:v1").value();
  const RegistryCredentials mine{.username = "u", .password = "p", .secret = SecretIdentity{"ns", "s", "1"}};
  RegistryCredentials same = mine, changed = mine, other = mine;
  same.secret = SecretIdentity{"elsewhere", "t", "2"};
  changed.password = "new";
  other.password = "guess", other.secret = SecretIdentity{"ns", "s", "3"};
  ImageInfo image;
  EXPECT_TRUE(image.is_accessible(reference, {})) << "was here before any pull";
  image.access["r.example.com/app"].add(mine);
  EXPECT_FALSE(image.is_accessible(reference, {}));
  EXPECT_TRUE(image.is_accessible(reference, {mine}));
  EXPECT_TRUE(image.is_accessible(reference, {same}));
  EXPECT_TRUE(image.is_accessible(reference, {changed})) << "the Secret by which it came";
  EXPECT_FALSE(image.is_accessible(reference, {other}));
  EXPECT_FALSE(image.is_accessible(ImageReference::parse("other.example.com/app:v1").value(), {mine}));
  image.access["r.example.com/app"].add(std::nullopt);
  EXPECT_TRUE(image.is_accessible(reference, {}));
}

}  // namespace
}  // namespace stint
