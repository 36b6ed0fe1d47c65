// Registries that ask who is there: by name and password, by token, over TLS; and mirrors.
#include <gmock/gmock.h>

#include "image/registry_fixture.h"
#include "image/registry_settings.h"
#include "image/token_server.h"

namespace stint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "letmein", as htpasswd writes it.
constexpr char kHash[] = "$2b$04$yfHjhcFNu6DuGg7dfHHqkuyzrozdIX94lV3CRrW2tqseDFwySjOWK";
const RegistryCredentials kGood{.username = "me", .password = "letmein", .secret = SecretIdentity{"default", "pull", "1"}};
const RegistryCredentials kBad{.username = "me", .password = "guess"};

class RegistryAuth : public RegistryPull {
 protected:
  void SetUp() override {
    RegistryPull::SetUp();
    if (IsSkipped()) return;
    std::ofstream(dir_ + "/htpasswd") << "me:" << kHash << "\n";
    closed_.emplace(dir_ + "/closed", "", "auth: {htpasswd: {realm: lab, path: " + dir_ + "/htpasswd}}\n");
  }
  std::string push_closed(const std::string& name) {
    return push_to(*closed_, name, {layer("file", name)}, {"--dest-creds", "me:letmein"});
  }
  Result<ImageInfo> pull_by(const std::string& reference, std::vector<RegistryCredentials> credentials) {
    return run(store_->pull(ImageReference::parse(reference).value(), {.credentials = std::move(credentials), .progress = nullptr}));
  }
  // From now on with what is said in a file like this.
  void open_store(const std::string& settings) {
    std::ofstream(dir_ + "/registries.yaml") << settings;
    auto read = read_registries(dir_ + "/registries.yaml");
    ASSERT_TRUE(read) << read.error().message;
    store_ = open_image_store(loop_, dir_ + "/store", *read).value();
  }

  std::optional<DockerRegistry> closed_;
};

TEST_F(RegistryAuth, PullsByNameAndPasswordAndRemembersByWhichSecret) {
  const std::string reference = push_closed("app:v1");
  const auto pulled = pull_by(reference, {kGood});
  ASSERT_TRUE(pulled) << pulled.error().message;
  const ImageReference parsed = ImageReference::parse(reference).value();
  EXPECT_FALSE(pulled->is_accessible(parsed, {}));
  store_ = open_image_store(loop_, dir_ + "/store").value();
  EXPECT_FALSE(store_->find(parsed)->is_accessible(parsed, {}));
  EXPECT_TRUE(store_->find(parsed)->is_accessible(parsed, {kGood}));
}

TEST_F(RegistryAuth, TriesCredentialsInTurn) {
  const auto pulled = pull_by(push_closed("app:v1"), {kBad, kGood});
  ASSERT_TRUE(pulled) << pulled.error().message;
}

TEST_F(RegistryAuth, SaysThatAccessIsDenied) {
  const std::string reference = push_closed("app:v1");
  const auto without = pull(reference);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().reason, Reason::kUnauthorized);
  EXPECT_EQ(without.error().message, "failed to resolve reference \"" + reference +
                                         "\": pull access denied, repository does not exist or may require authorization: "
                                         "authorization failed: no basic auth credentials");
  const auto by_guess = pull_by(reference, {kBad});
  ASSERT_FALSE(by_guess);
  EXPECT_THAT(by_guess.error().message, HasSubstr("pull access denied"));
  EXPECT_THAT(by_guess.error().message, HasSubstr("401"));
  EXPECT_EQ(by_guess.error().message.find("guess"), std::string::npos);
  expect_nothing_kept();
}

TEST_F(RegistryAuth, UsesTheNodesOwnCredentialsOfDockersConfiguration) {
  const std::string reference = push_closed("app:v1");
  std::ofstream(dir_ + "/config.json") << R"({"auths":{")" << closed_->address() << R"(":{"auth":"bWU6bGV0bWVpbg=="}}})";
  open_store("dockerConfig: " + dir_ + "/config.json\n");
  const auto pulled = pull(reference);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_TRUE(pulled->is_accessible(ImageReference::parse(reference).value(), {})) << "every pod of the node may";
}

TEST_F(RegistryAuth, AsksACredentialHelper) {
  const std::string reference = push_closed("app:v1");
  const std::string helper = "/usr/local/bin/docker-credential-stint-test-" + std::to_string(getpid());
  struct Removed {
    const std::string& path;
    ~Removed() { std::filesystem::remove(path); }
  } removed{helper};
  std::ofstream(helper) << "#!/bin/sh\n[ \"$1\" = get ] && read -r host || [ -n \"$host\" ] || exit 1\n[ \"$host\" = " << closed_->address()
                        << " ] || exit 1\n"
                        << R"(echo '{"ServerURL":"'$host'","Username":"me","Secret":"letmein"}')" << "\n";
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  std::ofstream(dir_ + "/config.json") << R"({"credHelpers":{")" << closed_->address() << R"(":"stint-test-)" << getpid() << "\"}}";
  open_store("dockerConfig: " + dir_ + "/config.json\n");
  const auto pulled = pull(reference);
  ASSERT_TRUE(pulled) << pulled.error().message;
}

TEST_F(RegistryAuth, AsksMirrorsFirstAndTheRegistryForWhatTheyLack) {
  DockerRegistry mirror(dir_ + "/mirror");
  push_to(mirror, "app:v1", {layer("file", "mirrored")});
  const std::string both = push("app:v1", {layer("file", "original")}), only = push("only:v1", {layer("file", "here")});
  open_store("registries:\n- host: " + registry_->address() + "\n  mirrors: ['http://127.0.0.1:1', 'http://" + mirror.address() + "']\n");
  const auto mirrored = pull(both);
  ASSERT_TRUE(mirrored) << mirrored.error().message;
  EXPECT_EQ(read_all(mirrored->layer_dirs[0] + "/file"), "mirrored");
  EXPECT_EQ(store_->find(ImageReference::parse(both).value())->id, mirrored->id) << "under the name that was asked for";
  const auto original = pull(only);
  ASSERT_TRUE(original) << original.error().message;
  EXPECT_EQ(read_all(original->layer_dirs[0] + "/file"), "here");
}

TEST_F(RegistryAuth, GivesAMirrorNoCredentialsOfTheRegistry) {
  TokenServer mirror({.plain = true});
  const std::string reference = push_closed("app:v1");
  open_store("registries:\n- host: " + closed_->address() + "\n  mirrors: ['http://" + mirror.address() + "']\n");
  ASSERT_TRUE(pull_by(reference, {kGood}));
  ASSERT_FALSE(mirror.requests().empty());
  for (const std::string& request : mirror.requests()) EXPECT_EQ(request.find("uthorization"), std::string::npos) << request;
}

TEST_F(RegistryAuth, ChecksTheCertificateByTheAuthorityOfTheFile) {
  const std::string key = dir_ + "/tls.key", certificate = dir_ + "/tls.pem";
  run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
               "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate});
  DockerRegistry tls(dir_ + "/tls", ", tls: {certificate: " + certificate + ", key: " + key + "}");
  const std::string reference = push_to(tls, "app:v1", {layer("file", "x")});
  const std::string host = "registries:\n- host: " + tls.address() + "\n  ";
  open_store(host + "caFile: " + certificate + "\n");
  const auto checked = pull(reference);
  EXPECT_TRUE(checked) << checked.error().message;
  open_store(host + "insecureSkipVerify: true\n");
  EXPECT_TRUE(pull(reference));
  run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
               "/CN=other", "-keyout", dir_ + "/other.key", "-out", dir_ + "/other.pem"});
  open_store(host + "caFile: " + dir_ + "/other.pem\n");
  const auto unchecked = pull(reference);
  ASSERT_FALSE(unchecked);
  EXPECT_THAT(unchecked.error().message, HasSubstr("certificate"));
}

class TokenAuth : public PullTest {};

TEST_F(TokenAuth, ExchangesNameAndPasswordForATokenOfTheRepository) {
  TokenServer server({.username = "me", .password = "letmein"});
  const ImageReference reference = ImageReference::parse(server.address() + "/team/app:v1").value();
  const auto pulled = run(store_->pull(reference, {.credentials = {kGood}, .progress = nullptr}));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_THAT(server.token_requests(), testing::Each("GET /token?service=lab&scope=repository%3Ateam%2Fapp%3Apull"));
}

TEST_F(TokenAuth, AnImportedImageStaysOpenUnderItsNameWhenItIsPulledByAnother) {
  TokenServer server({.username = "me", .password = "letmein"});
  ASSERT_TRUE(run(store_->import_file(make_docker_archive(dir_ + "/archive.tar", "imported", {std::string(1024, '\0')}))));
  const ImageReference reference = ImageReference::parse(server.address() + "/team/app:v1").value();
  const auto pulled = run(store_->pull(reference, {.credentials = {kGood}, .progress = nullptr}));
  ASSERT_TRUE(pulled) << pulled.error().message;
  const ImageReference imported = ImageReference::parse("imported").value();
  ASSERT_EQ(store_->find(imported)->id, pulled->id);
  EXPECT_TRUE(store_->find(imported)->is_accessible(imported, {}));
  EXPECT_FALSE(pulled->is_accessible(reference, {}));
}

TEST_F(TokenAuth, ExchangesATokenOfLongerLifeByPost) {
  TokenServer server({.identity_token = "long/life"});
  const ImageReference reference = ImageReference::parse(server.address() + "/team/app:v1").value();
  const auto pulled = run(store_->pull(reference, {.credentials = {{.identity_token = "long/life"}}, .progress = nullptr}));
  ASSERT_TRUE(pulled) << pulled.error().message;
}

TEST_F(TokenAuth, GivesATokenOfLongerLifeToNoOtherHost) {
  TokenServer other({.identity_token = "long/life"});
  TokenServer server({.token_location = "http://" + other.address() + "/token"});
  const ImageReference reference = ImageReference::parse(server.address() + "/team/app:v1").value();
  const auto pulled = run(store_->pull(reference, {.credentials = {{.identity_token = "long/life"}}, .progress = nullptr}));
  ASSERT_FALSE(pulled);
  EXPECT_THAT(pulled.error().message, HasSubstr("307"));
  EXPECT_THAT(other.requests(), testing::IsEmpty());
}

TEST_F(TokenAuth, SaysThatNoTokenIsGivenAndThatATokenDoesNotHelp) {
  TokenServer server({.username = "me", .password = "letmein"});
  const std::string reference = server.address() + "/team/app:v1";
  const auto refused = pull(reference);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kUnauthorized);
  EXPECT_THAT(refused.error().message, HasSubstr("pull access denied, repository does not exist or may require authorization: "
                                                 "authorization failed: unexpected status from registry: 401"));
  server.forbid();
  const auto forbidden = run(store_->pull(ImageReference::parse(reference).value(), {.credentials = {kGood}, .progress = nullptr}));
  ASSERT_FALSE(forbidden);
  EXPECT_EQ(forbidden.error().reason, Reason::kForbidden);
  EXPECT_THAT(forbidden.error().message, HasSubstr("pull access denied"));
  EXPECT_THAT(forbidden.error().message, HasSubstr("403: requested access to the resource is denied"));
}

TEST(RegistrySettings, NamesTheFieldAtFault) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"registry: []", "registry: unknown field"},
      {"[]", "the file: must be an object"},
      {"registries: {}", "registries: must be a list"},
      {"registries: [{}]", "registries[0].host: must be a host"},
      {"registries: [{host: a.b/c}]", "registries[0].host: must be a host"},
      {"registries: [{host: a.b}, {host: a.b}]", "registries[1].host: \"a.b\" is there twice"},
      {"registries: [{host: a.b, plainHttp: true}]", "registries[0].plainHttp: unknown field"},
      {"registries: [{host: a.b, plainHTTP: 1}]", "registries[0].plainHTTP: must be true or false"},
      {"registries: [{host: a.b, mirrors: [c.d]}]", "registries[0].mirrors: each must be a URL"},
      {"registries: [{host: a.b, username: u}]", "registries[0]: username and password go together"},
      {"registries: [{host: a.b, caFile: /no/such}]", "registries[0].caFile: "},
      {"dockerConfig: /no/such", "dockerConfig: /no/such: "},
  };
  for (const auto& [text, says] : cases) {
    const auto settings = RegistrySettings::parse(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_THAT(settings.error().message, testing::StartsWith(says)) << text;
  }
}

TEST(RegistrySettings, AsksTheRegistryItselfByDefaultAndLoopbackByHttp) {
  const auto bases = [](const std::string& settings, const std::string& image) {
    std::vector<std::string> bases;
    for (const auto& endpoint : RegistrySettings::parse(settings).value().endpoints(ImageReference::parse(image).value(), std::nullopt))
      bases.push_back(endpoint.base);
    return bases;
  };
  EXPECT_THAT(bases("", "bash"), ElementsAre("https://registry-1.docker.io/v2/library/bash"));
  EXPECT_THAT(bases("", "127.0.0.1:5000/a"), ElementsAre("http://127.0.0.1:5000/v2/a"));
  EXPECT_THAT(bases("registries: [{host: r.lab, plainHTTP: true}]", "r.lab/a"), ElementsAre("http://r.lab/v2/a"));
  EXPECT_THAT(bases("registries: [{host: docker.io, mirrors: ['https://m.lab/hub/']}]", "bash"),
              ElementsAre("https://m.lab/hub/v2/library/bash", "https://registry-1.docker.io/v2/library/bash"));
}

}  // namespace
}  // namespace stint
