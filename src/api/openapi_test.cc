#include "api/openapi.h"

#include <gtest/gtest.h>

#include "api/json.h"

namespace stint {
namespace {

const OpenApiDocuments& documents() {
  static const OpenApiDocuments made = make_openapi_documents("v1.37.2");
  return made;
}

json::Value document(std::string_view path) {
  for (const auto& [name, text] : documents().v3) {
    if (name == path) return json::parse(text, nullptr, text.size()).value();
  }
  ADD_FAILURE() << "no document " << path;
  return {};
}

std::string schema(std::string_view path, std::string_view name, std::string_view property) {
  json::Value all = document(path);
  const json::Value* found = all.find("components")->find("schemas")->find(name);
  if (found == nullptr) return "no such schema";
  json::Value value = property.empty() ? *found : *found->find("properties")->find(property);
  value.as_object().erase_key("description");
  return json::to_text(value);
}

TEST(OpenApi, EveryGroupVersionHasADocument) {
  ASSERT_EQ(documents().v3.size(), openapi_v3_paths().size());
  EXPECT_EQ(documents().v3[0].first, "api/v1");
}

TEST(OpenApi, NothingIsReferredToThatIsNotThere) {
  for (const auto& [path, text] : documents().v3) {
    json::Value all = json::parse(text, nullptr, text.size()).value();
    constexpr std::string_view kRef = R"("$ref":"#/components/schemas/)";
    for (size_t at = text.find(kRef); at != text.npos; at = text.find(kRef, at + 1)) {
      size_t start = at + kRef.size();
      std::string name = text.substr(start, text.find('"', start) - start);
      ASSERT_NE(all.find("components")->find("schemas")->find(name), nullptr) << path << " " << name;
    }
  }
}

// What `kubectl explain` prints.
TEST(OpenApi, EverySchemaAndEveryFieldIsDescribed) {
  for (const auto& [path, text] : documents().v3) {
    const json::Value all = json::parse(text, nullptr, text.size()).value();
    for (const auto& [name, schema] : all.find("components")->find("schemas")->as_object()) {
      EXPECT_FALSE(schema.string_at("description").empty()) << path << " " << name;
      const json::Value* properties = schema.find("properties");
      if (properties == nullptr) continue;
      for (const auto& [field, property] : properties->as_object())
        EXPECT_FALSE(property.string_at("description").empty()) << path << " " << name << "." << field;
    }
  }
}

TEST(OpenApi, PatchOperationsSayWhatKubectlLooksFor) {
  json::Value all = document("apis/batch/v1");
  const json::Value* patch = all.find("paths")->find("/apis/batch/v1/namespaces/{namespace}/jobs/{name}")->find("patch");
  ASSERT_NE(patch, nullptr);
  EXPECT_EQ(json::to_text(*patch->find("x-kubernetes-group-version-kind")), R"({"group":"batch","kind":"Job","version":"v1"})");
  EXPECT_EQ(patch->string_at("operationId"), "patchBatchV1NamespacedJob");
  EXPECT_NE(patch->find("requestBody")->find("content")->find("application/strategic-merge-patch+json"), nullptr);
  std::string parameters = json::to_text(*patch->find("parameters"));
  EXPECT_NE(parameters.find(R"("name":"fieldValidation","in":"query")"), std::string::npos);
  EXPECT_NE(parameters.find(R"("name":"dryRun","in":"query")"), std::string::npos);
}

TEST(OpenApi, KindsAreListedOnTheirSchemas) {
  std::string job = schema("apis/batch/v1", "io.k8s.api.batch.v1.Job", "");
  EXPECT_NE(job.find(R"("x-kubernetes-group-version-kind":[{"group":"batch","kind":"Job","version":"v1"}])"), std::string::npos) << job;
  EXPECT_NE(job.find(R"("apiVersion":)"), std::string::npos);
}

TEST(OpenApi, EmbeddedObjectsAreReferencesWithAnEmptyDefault) {
  EXPECT_EQ(schema("apis/batch/v1", "io.k8s.api.batch.v1.Job", "spec"),
            R"({"default":{},"allOf":[{"$ref":"#/components/schemas/io.k8s.api.batch.v1.JobSpec"}]})");
  EXPECT_EQ(schema("apis/batch/v1", "io.k8s.api.batch.v1.JobStatus", "startTime"),
            R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Time"}]})");
}

TEST(OpenApi, ListsTellHowTheyMerge) {
  EXPECT_EQ(schema("api/v1", "io.k8s.api.core.v1.PodSpec", "containers"),
            R"({"type":"array","items":{"$ref":"#/components/schemas/io.k8s.api.core.v1.Container"},"x-kubernetes-list-map-keys":["name"],)"
            R"("x-kubernetes-list-type":"map","x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"})");
  EXPECT_NE(schema("api/v1", "io.k8s.api.core.v1.ContainerPort", "protocol").find(R"("default":"TCP")"), std::string::npos);
}

TEST(OpenApi, SpecialTypesAreTheirJsonForms) {
  constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.";
  EXPECT_EQ(schema("api/v1", std::string(kMeta) + "apis.meta.v1.Time", ""), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(schema("api/v1", std::string(kMeta) + "api.resource.Quantity", ""), R"({"oneOf":[{"type":"string"},{"type":"number"}]})");
  EXPECT_EQ(schema("api/v1", std::string(kMeta) + "util.intstr.IntOrString", ""),
            R"({"format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}]})");
}

TEST(OpenApi, InlinedMembersStandInTheirParent) {
  std::string volume = schema("api/v1", "io.k8s.api.core.v1.Volume", "emptyDir");
  EXPECT_EQ(volume, R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.EmptyDirVolumeSource"}]})");
}

TEST(OpenApi, VersionTwoIsOneDocumentInBothForms) {
  json::Value all = json::parse(documents().v2, nullptr, documents().v2.size()).value();
  EXPECT_EQ(all.string_at("swagger"), "2.0");
  EXPECT_NE(all.find("definitions")->find("io.k8s.api.batch.v1.Job"), nullptr);
  EXPECT_TRUE(
      documents().v2_protobuf.starts_with("\x0a\x03"
                                          "2.0"));
}

}  // namespace
}  // namespace stint
