#include "control/service_account/token_secret_controller.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "control/controllers.h"

namespace stint::service_account {
namespace {

class TokenSecretTest : public ::testing::Test {
 protected:
  TokenSecretTest() {
    static constexpr ControllerRow kRows[] = {{"service-account-token", make_controller<TokenSecretController>}};
    ControllerOptions options{.root_ca_pem = "ca"};
    options.sign_token = [](const corev1::ServiceAccount& account, const std::string& secret) -> Result<std::string> {
      return account.metadata().name() + "'s for " + secret;
    };
    controllers_ = std::make_unique<ControllerSet>(loop_, client_, std::move(options), kRows);
    controllers_->start();
  }
  void put_account(const std::string& name) {
    corev1::ServiceAccount account;
    account.mutable_metadata()->set_namespace_("default");
    account.mutable_metadata()->set_name(name);
    client_.put(account);
  }
  void put_secret(const std::string& name, const std::string& account, const std::string& uid = "") {
    corev1::Secret secret;
    secret.mutable_metadata()->set_namespace_("default");
    secret.mutable_metadata()->set_name(name);
    (*secret.mutable_metadata()->mutable_annotations())["kubernetes.io/service-account.name"] = account;
    if (!uid.empty()) (*secret.mutable_metadata()->mutable_annotations())["kubernetes.io/service-account.uid"] = uid;
    secret.set_type("kubernetes.io/service-account-token");
    client_.put(secret);
  }
  std::shared_ptr<const corev1::Secret> secret(const std::string& name) {
    loop_.run_for(std::chrono::seconds(1));
    return client_.find<corev1::Secret>("default", name);
  }

  SimLoop loop_{WallTime(std::chrono::seconds(1'800'000'000))};
  FakeClient client_{loop_};
  std::unique_ptr<ControllerSet> controllers_;
};

TEST_F(TokenSecretTest, FillsInTokenAuthorityAndNamespace) {
  put_account("robot");
  put_secret("key", "robot");
  const auto filled = secret("key");
  EXPECT_EQ(filled->data().at("token"), "robot's for key");
  EXPECT_EQ(filled->data().at("ca.crt"), "ca");
  EXPECT_EQ(filled->data().at("namespace"), "default");
  EXPECT_FALSE(filled->metadata().annotations().at("kubernetes.io/service-account.uid").empty());
}

TEST_F(TokenSecretTest, DeletesSecretsWithoutAnAccount) {
  put_secret("key", "nobody");
  EXPECT_EQ(secret("key"), nullptr);
}

TEST_F(TokenSecretTest, DeletesSecretsOfAnEarlierAccountOfTheName) {
  put_account("robot");
  put_secret("old", "robot", "another-uid");
  EXPECT_EQ(secret("old"), nullptr);
}

TEST_F(TokenSecretTest, DeletesSecretsWhenTheirAccountGoes) {
  put_account("robot");
  put_secret("key", "robot");
  EXPECT_NE(secret("key"), nullptr);
  client_.erase(kind_of<corev1::ServiceAccount>(), "default", "robot");
  EXPECT_EQ(secret("key"), nullptr);
}

}  // namespace
}  // namespace stint::service_account
