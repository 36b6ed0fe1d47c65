#include "api/table.h"

#include <gtest/gtest.h>

#include "api/json.h"

namespace stint {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

Object config_map(std::string name) {
  auto map = std::make_shared<corev1::ConfigMap>();
  map->mutable_metadata()->set_name(std::move(name));
  *map->mutable_metadata()->mutable_creationtimestamp() = to_time(kNow - std::chrono::seconds(90));
  (*map->mutable_data())["k"] = "v";
  return map;
}

std::string table_of(std::vector<Object> objects, TableOptions options) {
  metav1::ListMeta list;
  list.set_resourceversion("7");
  return table_text(kind_of<corev1::ConfigMap>(), objects, list, options, kNow);
}

TEST(Table, HasARowForEachObjectWithTypedCells) {
  json::Value table = json::parse(table_of({config_map("a"), config_map("b")}, {})).value();
  EXPECT_EQ(table.string_at("apiVersion"), "meta.k8s.io/v1");
  EXPECT_EQ(table.find("metadata")->string_at("resourceVersion"), "7");
  const json::Array& rows = table.find("rows")->as_array();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(json::to_text(*rows[0].find("cells")), R"(["a",1,"90s"])");
}

TEST(Table, ColumnsAlwaysHaveAllFiveMembers) {
  json::Value table = json::parse(table_of({}, {})).value();
  const json::Array& columns = table.find("columnDefinitions")->as_array();
  ASSERT_EQ(columns.size(), table_columns(kind_of<corev1::ConfigMap>()).size());
  for (const json::Value& column : columns) {
    for (std::string_view member : {"name", "type", "format", "description", "priority"}) EXPECT_NE(column.find(member), nullptr) << member;
  }
  EXPECT_EQ(columns[0].string_at("format"), "name");
}

TEST(Table, RowsCarryMetadataTheObjectOrNothing) {
  EXPECT_NE(table_of({config_map("a")}, {.meta_version = "v1beta1"})
                .find(R"("object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1beta1","metadata":{"name":"a")"),
            std::string::npos);
  EXPECT_NE(table_of({config_map("a")}, {.include = IncludeObject::kObject}).find(R"("object":{"kind":"ConfigMap","apiVersion":"v1")"),
            std::string::npos);
  EXPECT_NE(table_of({config_map("a")}, {.include = IncludeObject::kNone}).find(R"("object":null)"), std::string::npos);
}

TEST(Table, LaterTablesOfAWatchLeaveTheColumnsOut) {
  EXPECT_NE(table_of({config_map("a")}, {.columns = false}).find(R"("columnDefinitions":null)"), std::string::npos);
}

TEST(Table, KnowsUpstreamsWordsForWhatToInclude) {
  EXPECT_EQ(parse_include_object(""), IncludeObject::kMetadata);
  EXPECT_EQ(parse_include_object("Object"), IncludeObject::kObject);
  EXPECT_EQ(parse_include_object("object"), std::nullopt);
}

}  // namespace
}  // namespace stint
