// Tokens of ServiceAccounts, from the request to their end.
#include "api/base64.h"
#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;

class AccountTokenTest : public RestTest {
 protected:
  AccountTokenTest() {
    post("/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"robot"}})");
    post("/api/v1/namespaces/default/pods",
         R"({"metadata":{"name":"p"},"spec":{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}]}})");
  }
  Response ask(std::string body = "{}") { return post("/api/v1/namespaces/default/serviceaccounts/robot/token", body); }
  std::string token(std::string body = "{}") {
    const auto answer = ask(std::move(body));
    EXPECT_EQ(answer->code, 201) << answer->text;
    return std::string(json::parse(answer->text).value().find("status")->string_at("token"));
  }
  static std::string bound_to(std::string_view kind, std::string_view name) {
    return R"({"spec":{"boundObjectRef":{"kind":")" + std::string(kind) + R"(","apiVersion":"v1","name":")" + std::string(name) + R"("}}})";
  }
  Response whoami(const std::string& token) {
    return send_as_is("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", {{"Authorization", "Bearer " + token}});
  }
  json::Value review(const std::string& token, const std::string& audiences = "[]") {
    const auto answer =
        post("/apis/authentication.k8s.io/v1/tokenreviews", R"({"spec":{"token":")" + token + R"(","audiences":)" + audiences + "}}");
    EXPECT_EQ(answer->code, 201) << answer->text;
    return *json::parse(answer->text).value().find("status");
  }
  static json::Value claims_of(const std::string& token) {
    const size_t first = token.find('.'), last = token.rfind('.');
    return json::parse(decode_base64url(std::string_view(token).substr(first + 1, last - first - 1)).value()).value();
  }
};

TEST_F(AccountTokenTest, ATokenMakesItsHolderTheAccount) {
  const auto answer = whoami(token());
  ASSERT_EQ(answer->code, 201) << answer->text;
  const json::Value user = *json::parse(answer->text).value().find("status")->find("userInfo");
  EXPECT_EQ(user.string_at("username"), "system:serviceaccount:default:robot");
  EXPECT_EQ(json::to_text(*user.find("groups")), R"(["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"])");
  EXPECT_FALSE(user.string_at("uid").empty());
  EXPECT_NE(user.find("extra")->find("authentication.kubernetes.io/credential-id"), nullptr);
}

TEST_F(AccountTokenTest, TheAnswerIsTheRequestFilledIn) {
  const json::Value answer = json::parse(ask()->text).value();
  EXPECT_EQ(answer.string_at("kind"), "TokenRequest");
  EXPECT_EQ(answer.string_at("apiVersion"), "authentication.k8s.io/v1");
  EXPECT_EQ(answer.find("metadata")->string_at("name"), "robot");
  EXPECT_EQ(json::to_text(*answer.find("spec")->find("audiences")), R"(["https://kubernetes.default.svc"])");
  EXPECT_EQ(answer.find("spec")->find("expirationSeconds")->as_int(), 3600);
  EXPECT_EQ(answer.find("status")->string_at("expirationTimestamp"), format_rfc3339(loop_.now() + std::chrono::hours(1)));
}

TEST_F(AccountTokenTest, ClaimsAreUpstreams) {
  const json::Value claims = claims_of(token(bound_to("Pod", "p")));
  EXPECT_EQ(claims.string_at("iss"), "https://kubernetes.default.svc");
  EXPECT_EQ(claims.string_at("sub"), "system:serviceaccount:default:robot");
  EXPECT_EQ(claims.find("exp")->as_int() - claims.find("iat")->as_int(), 3600);
  const json::Value& own = *claims.find("kubernetes.io");
  EXPECT_EQ(own.string_at("namespace"), "default");
  EXPECT_EQ(own.find("serviceaccount")->string_at("name"), "robot");
  EXPECT_EQ(own.find("pod")->string_at("name"), "p");
}

TEST_F(AccountTokenTest, WhatAPodGetsByDefaultOutlivesItsTime) {
  const json::Value claims =
      claims_of(token(R"({"spec":{"expirationSeconds":3607,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}})"));
  EXPECT_EQ(claims.find("exp")->as_int() - claims.find("iat")->as_int(), 365 * 24 * 3600);
  EXPECT_EQ(claims.find("kubernetes.io")->find("warnafter")->as_int() - claims.find("iat")->as_int(), 3607);
}

TEST_F(AccountTokenTest, ATokenEndsWithItsTime) {
  const std::string kept = token(R"({"spec":{"expirationSeconds":600}})");
  EXPECT_EQ(whoami(kept)->code, 201);
  loop_.run_for(std::chrono::minutes(12));
  EXPECT_EQ(whoami(kept)->code, 401);
  EXPECT_EQ(review(kept).string_at("error"), "[invalid bearer token, service account token has expired]");
}

TEST_F(AccountTokenTest, ATokenEndsWithItsAccount) {
  const std::string kept = token();
  send("DELETE", "/api/v1/namespaces/default/serviceaccounts/robot", "");
  EXPECT_EQ(whoami(kept)->code, 401);
  post("/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"robot"}})");
  EXPECT_EQ(whoami(kept)->code, 401);  // another account of the name
}

TEST_F(AccountTokenTest, ATokenEndsWithItsPod) {
  const std::string kept = token(bound_to("Pod", "p"));
  EXPECT_EQ(whoami(kept)->code, 201);
  send("DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0", "");
  EXPECT_EQ(review(kept).string_at("error"), "[invalid bearer token, service account token has been invalidated]");
}

TEST_F(AccountTokenTest, ATokenForSomebodyElseIsNotForThisServer) {
  const std::string kept = token(R"({"spec":{"audiences":["vault"]}})");
  EXPECT_EQ(whoami(kept)->code, 401);
  const json::Value there = review(kept, R"(["vault","other"])");
  EXPECT_TRUE(there.find("authenticated")->as_bool());
  EXPECT_EQ(json::to_text(*there.find("audiences")), R"(["vault"])");
  EXPECT_EQ(review(kept).string_at("error"),
            R"([invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc"]])");
}

TEST_F(AccountTokenTest, RefusesWhatCannotBe) {
  EXPECT_EQ(ask(R"({"spec":{"expirationSeconds":10}})")->code, 422);
  EXPECT_EQ(ask(bound_to("Job", "j"))->code, 400);
  EXPECT_EQ(ask(bound_to("Pod", "missing"))->code, 404);
  EXPECT_EQ(ask(R"({"metadata":{"name":"other"}})")->code, 422);
  EXPECT_EQ(ask(R"({"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p","uid":"x"}}})")->code, 409);
  EXPECT_EQ(post("/api/v1/namespaces/default/serviceaccounts/default/token", bound_to("Pod", "p"))->code, 400);
  EXPECT_EQ(post("/api/v1/namespaces/default/serviceaccounts/nobody/token", "{}")->code, 404);
}

TEST_F(AccountTokenTest, NonsenseIsNoToken) {
  const json::Value status = review("nonsense");
  EXPECT_EQ(status.find("authenticated"), nullptr);
  EXPECT_EQ(status.string_at("error"), "invalid bearer token");
  EXPECT_EQ(post("/apis/authentication.k8s.io/v1/tokenreviews", R"({"spec":{}})")->code, 400);
}

TEST_F(AccountTokenTest, StaticTokensAreReviewedToo) {
  const json::Value status = review("weak");
  EXPECT_TRUE(status.find("authenticated")->as_bool());
  EXPECT_EQ(status.find("user")->string_at("username"), "guest");
}

TEST_F(AccountTokenTest, ASecretsTokenIsGoodAsLongAsTheSecretHoldsIt) {
  const auto account = object_of<corev1::ServiceAccount>(ServerTest::get<corev1::ServiceAccount>("robot"));
  const std::string kept = server_->account_tokens().issue_for_secret(account, "key").value();
  EXPECT_EQ(whoami(kept)->code, 401);
  corev1::Secret secret;
  secret.mutable_metadata()->set_name("key");
  (*secret.mutable_data())["token"] = kept;
  ASSERT_TRUE(create(secret));
  EXPECT_EQ(whoami(kept)->code, 201);
  send("DELETE", "/api/v1/namespaces/default/secrets/key", "");
  EXPECT_EQ(review(kept).string_at("error"), "[invalid bearer token, Token has been invalidated]");
}

TEST_F(AccountTokenTest, TheKeysAreShownToAccounts) {
  const std::string kept = token();
  const http::Headers as_robot = {{"Authorization", "Bearer " + kept}};
  const auto keys = send_as_is("GET", "/openid/v1/jwks", "", as_robot);
  EXPECT_EQ(keys->code, 200);
  EXPECT_EQ(keys->header("Content-Type"), "application/jwk-set+json");
  const auto configuration = send_as_is("GET", "/.well-known/openid-configuration", "", as_robot);
  EXPECT_NE(configuration->text.find(R"("jwks_uri":"https://127.0.0.1:6443/openid/v1/jwks")"), std::string::npos) << configuration->text;
  EXPECT_EQ(send_as_is("GET", "/openid/v1/jwks")->code, 403);
}

TEST_F(AccountTokenTest, EachPodGetsAVolumeWithItsToken) {
  const json::Value pod = json::parse(get("/api/v1/namespaces/default/pods/p")->text).value();
  const json::Value& volume = pod.find("spec")->find("volumes")->as_array().at(0);
  EXPECT_TRUE(volume.string_at("name").starts_with("kube-api-access-"));
  EXPECT_EQ(volume.find("projected")->find("sources")->as_array().size(), 3u);
  const json::Value& mount = pod.find("spec")->find("containers")->as_array().at(0).find("volumeMounts")->as_array().at(0);
  EXPECT_EQ(mount.string_at("mountPath"), "/var/run/secrets/kubernetes.io/serviceaccount");
  EXPECT_TRUE(mount.find("readOnly")->as_bool());
}

TEST_F(AccountTokenTest, PodsAndAccountsCanDoWithout) {
  post("/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"shy"},"automountServiceAccountToken":false})");
  const auto made = [this](std::string_view name, std::string_view spec) {
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":")" + std::string(name) + R"("},"spec":{)" + std::string(spec) +
                                                R"(,"containers":[{"name":"c","image":"i"}]}})");
    return get("/api/v1/namespaces/default/pods/" + std::string(name))->text.find("kube-api-access-") != std::string::npos;
  };
  EXPECT_FALSE(made("a", R"("serviceAccountName":"shy")"));
  EXPECT_TRUE(made("b", R"("serviceAccountName":"shy","automountServiceAccountToken":true)"));
  EXPECT_FALSE(made("c", R"("serviceAccountName":"robot","automountServiceAccountToken":false)"));
}

}  // namespace
}  // namespace stint
