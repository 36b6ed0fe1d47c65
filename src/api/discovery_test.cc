#include "api/discovery.h"

#include <gtest/gtest.h>

#include "api/json.h"

namespace stint {
namespace {

json::Value parsed(const std::string& text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::Value();
}

const json::Value* named(const json::Value& list, std::string_view member, std::string_view name) {
  for (const json::Value& entry : list.as_array()) {
    if (entry.string_at(member) == name) return &entry;
  }
  return nullptr;
}

TEST(Discovery, StorageVersionHashesAreUpstreams) {
  EXPECT_EQ(storage_version_hash(kind_of<corev1::Pod>()), "xPOwRZ+Yhw8=");
  EXPECT_EQ(storage_version_hash(kind_of<batchv1::Job>()), "mudhfqk/qZY=");
  EXPECT_EQ(storage_version_hash(kind_of<corev1::Namespace>()), "Q3oi5N2YM8M=");
}

TEST(Discovery, EventsOfBothShapesHaveTheHashOfTheStoredOne) {
  const Kind* newer = find_kind("events.k8s.io", "v1", "events");
  ASSERT_NE(newer, nullptr);
  EXPECT_EQ(storage_version_hash(*newer), "r2yiGXH7wu8=");
}

TEST(Discovery, ResourceListNamesSubresourcesOnTheirOwn) {
  json::Value list = parsed(api_resource_list_text({"batch", "v1"}));
  EXPECT_EQ(list.string_at("groupVersion"), "batch/v1");
  EXPECT_EQ(list.string_at("apiVersion"), "v1");
  const json::Value* status = named(*list.find("resources"), "name", "jobs/status");
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(json::to_text(*status),
            R"({"name":"jobs/status","singularName":"","namespaced":true,"kind":"Job","verbs":["get","patch","update"]})");
}

TEST(Discovery, CoreResourceListHasNoApiVersion) {
  json::Value list = parsed(api_resource_list_text({"", "v1"}));
  EXPECT_EQ(list.find("apiVersion"), nullptr);
  const json::Value* pods = named(*list.find("resources"), "name", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(json::to_text(*pods->find("categories")), R"(["all"])");
}

TEST(Discovery, UnservedGroupsHaveNoDocument) {
  EXPECT_EQ(api_group_text("example.com"), "");
  EXPECT_EQ(api_group_text(""), "");
  EXPECT_EQ(api_resource_list_text({"example.com", "v1"}), "");
}

TEST(Discovery, AggregatedCoreGroupHasNoName) {
  json::Value all = parsed(aggregated_discovery_text(true, "v2"));
  EXPECT_EQ(all.string_at("apiVersion"), "apidiscovery.k8s.io/v2");
  ASSERT_EQ(all.find("items")->as_array().size(), 1u);
  EXPECT_TRUE(all.find("items")->as_array()[0].find("metadata")->as_object().empty());
}

TEST(Discovery, AggregatedGroupsCarryVerbsAndSubresources) {
  json::Value all = parsed(aggregated_discovery_text(false, "v2"));
  std::string batch;
  for (const json::Value& item : all.find("items")->as_array()) {
    if (item.find("metadata")->string_at("name") == "batch") batch = json::to_text(item);
  }
  EXPECT_NE(batch.find(R"({"resource":"cronjobs","responseKind":{"group":"","version":"","kind":"CronJob"},"scope":"Namespaced")"),
            std::string::npos)
      << batch;
  EXPECT_NE(batch.find(R"("subresources":[{"subresource":"status")"), std::string::npos);
}

TEST(Discovery, GroupsPreferTheirFirstVersion) {
  EXPECT_EQ(api_group_text("batch"),
            R"({"kind":"APIGroup","apiVersion":"v1","name":"batch","versions":[{"groupVersion":"batch/v1","version":"v1"}],)"
            R"("preferredVersion":{"groupVersion":"batch/v1","version":"v1"}})");
}

}  // namespace
}  // namespace stint
