#include "server/rest/audit.h"

#include <fstream>

#include "server/rest/rest_testing.h"
#include "store/temp_dir.h"

namespace stint {
namespace {

using rest::RestTest;

class AuditTest : public RestTest {
 protected:
  void keep(rest::AuditLevel level) {
    log_ = AuditLog::open(dir_ / "audit.log").value();
    RestOptions options{.audit_log = log_.get(), .audit_level = level};
    handler_ = std::make_unique<RestHandler>(loop_, *server_, std::move(options));
  }
  // Ends the log.
  std::vector<json::Value> events() {
    handler_.reset();
    log_.reset();
    std::ifstream in(dir_ / "audit.log");
    std::vector<json::Value> all;
    for (std::string line; std::getline(in, line);) all.push_back(json::parse(line).value());
    return all;
  }

  TempDir dir_;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditTest, EachRequestIsOneEvent) {
  keep(rest::AuditLevel::kMetadata);
  post("/api/v1/namespaces/default/configmaps?fieldManager=x", R"({"metadata":{"name":"a"}})");
  get("/version");
  const auto all = events();
  ASSERT_EQ(all.size(), 2u);
  const json::Value& event = all[0];
  EXPECT_EQ(event.string_at("kind"), "Event");
  EXPECT_EQ(event.string_at("apiVersion"), "audit.k8s.io/v1");
  EXPECT_EQ(event.string_at("level"), "Metadata");
  EXPECT_EQ(event.string_at("stage"), "ResponseComplete");
  EXPECT_EQ(event.string_at("requestURI"), "/api/v1/namespaces/default/configmaps?fieldManager=x");
  EXPECT_EQ(event.string_at("verb"), "create");
  EXPECT_EQ(event.find("user")->string_at("username"), "admin");
  EXPECT_EQ(event.find("objectRef")->string_at("resource"), "configmaps");
  EXPECT_EQ(event.find("responseStatus")->find("code")->as_int(), 201);
  EXPECT_EQ(event.find("annotations")->string_at("authorization.k8s.io/decision"), "allow");
  EXPECT_EQ(event.find("requestObject"), nullptr);
  EXPECT_EQ(all[1].find("objectRef"), nullptr);
}

TEST_F(AuditTest, BodiesAreKeptByChoiceAndCredentialsNever) {
  keep(rest::AuditLevel::kRequestResponse);
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  post("/api/v1/namespaces/default/secrets", R"({"metadata":{"name":"s"},"stringData":{"k":"hidden"}})");
  post("/api/v1/namespaces/default/serviceaccounts/default/token", "{}");
  const auto all = events();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].find("requestObject")->find("data")->string_at("k"), "v");
  EXPECT_FALSE(all[0].find("responseObject")->find("metadata")->string_at("uid").empty());
  for (size_t i : {1, 2}) {
    EXPECT_EQ(all[i].string_at("level"), "Metadata");
    EXPECT_EQ(all[i].find("requestObject"), nullptr);
    EXPECT_EQ(all[i].find("responseObject"), nullptr);
  }
}

TEST_F(AuditTest, WhatIsWrongWithACredentialIsNotToldWithThePieceThatIsWrong) {
  keep(rest::AuditLevel::kMetadata);
  post("/api/v1/namespaces/default/secrets", R"({"metadata":{"name":"s"}})");
  const auto refused = send("PATCH", "/api/v1/namespaces/default/secrets/s", R"({"data":{"k":["hidden"]}})",
                            {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(refused->code, 422);
  EXPECT_NE(refused->text.find("hidden"), std::string::npos);
  const auto all = events();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(json::to_text(all[1]).find("hidden"), std::string::npos);
  EXPECT_EQ(all[1].find("responseStatus")->string_at("reason"), "Invalid");
  EXPECT_EQ(all[1].find("responseStatus")->find("code")->as_int(), 422);
}

TEST_F(AuditTest, RefusalsTellWhoWasRefusedAndForWhom) {
  keep(rest::AuditLevel::kRequest);
  get("/apis/batch/v1/jobs", {{"Impersonate-User", "bob"}});
  send_as_is("GET", "/version", "", {{"Authorization", "Bearer nonsense"}});
  const auto all = events();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].find("user")->string_at("username"), "admin");
  EXPECT_EQ(all[0].find("impersonatedUser")->string_at("username"), "bob");
  EXPECT_EQ(all[0].find("responseStatus")->string_at("reason"), "Forbidden");
  EXPECT_EQ(all[0].find("annotations")->string_at("authorization.k8s.io/decision"), "forbid");
  EXPECT_EQ(all[1].find("responseStatus")->find("code")->as_int(), 401);
  EXPECT_EQ(all[1].find("annotations"), nullptr);
}

TEST_F(AuditTest, WhatAdmissionTellsIsAnnotated) {
  keep(rest::AuditLevel::kMetadata);
  send("PATCH", "/api/v1/namespaces/default", R"({"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}})",
       {{"Content-Type", "application/merge-patch+json"}});
  post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"p"},"spec":{"hostPID":true,"containers":[{"name":"c","image":"i"}]}})");
  const auto all = events();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].find("responseStatus")->find("code")->as_int(), 403);
  EXPECT_EQ(all[1].find("annotations")->string_at("pod-security.kubernetes.io/enforce-policy"), "baseline:latest");
}

TEST_F(AuditTest, AWatchIsOneEventWhenItEnds) {
  keep(rest::AuditLevel::kRequest);
  {
    Scope scope(loop_);
    open("/api/v1/namespaces/default/configmaps?watch=true", scope);
  }
  const auto all = events();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].string_at("verb"), "watch");
  EXPECT_EQ(all[0].find("responseStatus")->find("code")->as_int(), 200);
}

}  // namespace
}  // namespace stint
