#include <gtest/gtest.h>

#include "api/patch.h"

namespace stint {
namespace {

template <class T = corev1::Pod>
std::string patched(std::string_view document, std::string_view patch) {
  const Result<json::Value> result = apply_strategic_patch(*json::parse(document), *json::parse(patch), *T::descriptor());
  if (result) return to_text(*result);
  return "error " + std::string(to_string(result.error().reason)) + ": " + result.error().message;
}

std::string container_patched(std::string_view containers, std::string_view patch) {
  return patched(R"({"spec":{"containers":)" + std::string(containers) + "}}", R"({"spec":{)" + std::string(patch) + "}}");
}

TEST(StrategicPatch, MergesObjectsAndDeletesByNull) {
  EXPECT_EQ(patched(R"({"metadata":{"name":"a","labels":{"x":"1","y":"2"}},"spec":{"nodeName":"n"}})",
                    R"({"metadata":{"labels":{"x":null,"z":"3"}},"spec":{"nodeName":"m","hostname":null}})"),
            R"({"metadata":{"name":"a","labels":{"y":"2","z":"3"}},"spec":{"nodeName":"m"}})");
}

TEST(StrategicPatch, TakesAnObjectForAListToDeleteAsAnObjectToMerge) {
  EXPECT_EQ(patched(R"({"metadata":{"name":"a"}})", R"({"$deleteFromPrimitiveList/metadata":{"namespace":"b"}})"),
            R"({"metadata":{"name":"a","namespace":"b"}})");
  EXPECT_EQ(patched(R"({"metadata":{"finalizers":["a/b"]}})", R"({"metadata":{"$deleteFromPrimitiveList/finalizers":{}}})"),
            R"({"metadata":{"finalizers":["a/b"]}})");
}

TEST(StrategicPatch, DropsNullsOfNewObjects) {
  EXPECT_EQ(patched("{}", R"({"metadata":{"name":"a","labels":{"x":null}}})"), R"({"metadata":{"name":"a","labels":{}}})");
}

TEST(StrategicPatch, MergesListsByKey) {
  EXPECT_EQ(container_patched(R"([{"name":"a","image":"1"},{"name":"b","image":"2","env":[{"name":"X","value":"1"}]}])",
                              R"("containers":[{"name":"b","image":"3","env":[{"name":"Y","value":"2"}]},{"name":"c"}])"),
            R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"3",)"
            R"("env":[{"name":"Y","value":"2"},{"name":"X","value":"1"}]},{"name":"c"}]}})")
      << "new elements stand before those that only the server has";
}

TEST(StrategicPatch, ReplacesListsWithoutAStrategy) {
  EXPECT_EQ(container_patched(R"([{"name":"a","args":["1","2"]}])", R"("containers":[{"name":"a","args":["3"]}])"),
            R"({"spec":{"containers":[{"name":"a","args":["3"]}]}})");
  EXPECT_EQ(patched(R"({"spec":{"tolerations":[{"key":"a"}]}})", R"({"spec":{"tolerations":[{"key":"b"}]}})"),
            R"({"spec":{"tolerations":[{"key":"b"}]}})");
}

TEST(StrategicPatch, DeletesElementsByDirective) {
  EXPECT_EQ(container_patched(R"([{"name":"a"},{"name":"b"}])", R"("containers":[{"$patch":"delete","name":"a"},{"name":"c"}])"),
            R"({"spec":{"containers":[{"name":"c"},{"name":"b"}]}})");
}

TEST(StrategicPatch, ReplacesListsByDirective) {
  EXPECT_EQ(container_patched(R"([{"name":"a"},{"name":"b"}])", R"("containers":[{"$patch":"replace"},{"name":"c"}])"),
            R"({"spec":{"containers":[{"name":"c"}]}})");
}

TEST(StrategicPatch, ReplacesAndEmptiesObjectsByDirective) {
  const char* pod = R"({"spec":{"securityContext":{"runAsUser":1,"runAsGroup":2}}})";
  EXPECT_EQ(patched(pod, R"({"spec":{"securityContext":{"$patch":"replace","fsGroup":3}}})"),
            R"({"spec":{"securityContext":{"fsGroup":3}}})");
  EXPECT_EQ(patched(pod, R"({"spec":{"securityContext":{"$patch":"delete"}}})"), R"({"spec":{"securityContext":{}}})");
  EXPECT_EQ(patched("{}", R"({"spec":{"securityContext":{"$patch":"delete"}}})"), R"({"spec":{}})");
  EXPECT_EQ(patched(pod, R"({"spec":{"$patch":"frob"}})"), "error : unknown patch type: frob in map: map[$patch:frob]");
}

TEST(StrategicPatch, TreatsPrimitiveListsAsSets) {
  const char* pod = R"({"metadata":{"finalizers":["a","b"]}})";
  EXPECT_EQ(patched(pod, R"({"metadata":{"finalizers":["c","a"]}})"), R"({"metadata":{"finalizers":["c","a","b"]}})");
  EXPECT_EQ(patched(pod, R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a","x"]}})"), R"({"metadata":{"finalizers":["b"]}})");
  EXPECT_EQ(
      patched(pod,
              R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"$setElementOrder/finalizers":["c","b"],"finalizers":["c"]}})"),
      R"({"metadata":{"finalizers":["c","b"]}})");
  EXPECT_EQ(patched("{}", R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})"),
            R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})")
      << "a new object is taken as it is, as upstream does";
}

TEST(StrategicPatch, SetsTheOrderOfElements) {
  EXPECT_EQ(container_patched(R"([{"name":"a"},{"name":"s"},{"name":"b"},{"name":"t"}])",
                              R"("$setElementOrder/containers":[{"name":"b"},{"name":"n"},{"name":"a"}],"containers":[{"name":"n"}])"),
            R"({"spec":{"containers":[{"name":"s"},{"name":"b"},{"name":"n"},{"name":"a"},{"name":"t"}]}})");
  EXPECT_EQ(container_patched(R"([{"name":"a"},{"name":"b"}])", R"("$setElementOrder/containers":[{"name":"b"},{"name":"a"}])"),
            R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})");
}

TEST(StrategicPatch, DeletesAndOrdersAsKubectlApplySends) {
  EXPECT_EQ(container_patched(
                R"([{"name":"a","image":"1"},{"name":"b","image":"1"}])",
                R"("$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"b","image":"2"},{"$patch":"delete","name":"a"}])"),
            R"({"spec":{"containers":[{"name":"b","image":"2"}]}})");
}

TEST(StrategicPatch, NewElementsTakeThePlacesOfDeletedOnes) {
  EXPECT_EQ(
      container_patched(R"([{"name":"old"},{"name":"server"}])",
                        R"("$setElementOrder/containers":[{"name":"new"}],"containers":[{"name":"new"},{"$patch":"delete","name":"old"}])"),
      R"({"spec":{"containers":[{"name":"server"},{"name":"new"}]}})");
}

TEST(StrategicPatch, RefusesElementsOutsideTheDeclaredOrder) {
  EXPECT_TRUE(container_patched(R"([{"name":"a"}])", R"("$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"x"}])")
                  .starts_with("error : The order in patch list:\n"));
}

TEST(StrategicPatch, RetainsOnlyTheNamedKeys) {
  const char* pod = R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})";
  EXPECT_EQ(patched(pod, R"({"spec":{"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/"}}]}})"),
            R"({"spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}})");
  EXPECT_EQ(patched(pod, R"({"spec":{"volumes":[{"$retainKeys":["name"],"name":"v","hostPath":{}}]}})"),
            "error BadRequest: invalid patch format of retainKeys");
}

TEST(StrategicPatch, NeedsTheMergeKey) {
  EXPECT_EQ(container_patched(R"([{"name":"a"}])", R"("containers":[{"image":"x"}])"),
            "error : map: map[image:x] does not contain declared merge key: name");
}

TEST(StrategicPatch, MergesPortsByContainerPort) {
  EXPECT_EQ(container_patched(R"([{"name":"a","ports":[{"containerPort":80,"name":"x"}]}])",
                              R"("containers":[{"name":"a","ports":[{"containerPort":80,"name":"y"}]}])"),
            R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"y"}]}]}})");
}

TEST(StrategicPatch, MergesConditionsByType) {
  EXPECT_EQ(patched<batchv1::Job>(R"({"status":{"conditions":[{"type":"A","status":"True"}]}})",
                                  R"({"status":{"conditions":[{"type":"A","status":"False"},{"type":"B"}]}})"),
            R"({"status":{"conditions":[{"type":"A","status":"False"},{"type":"B"}]}})");
}

TEST(StrategicPatch, RefusesListsOfMixedTypes) {
  EXPECT_TRUE(patched(R"({"metadata":{"finalizers":["a"]}})", R"({"metadata":{"finalizers":[1]}})")
                  .starts_with("error : list element types are not identical"));
  EXPECT_TRUE(patched(R"({"metadata":{"finalizers":["a"]}})", "[]").starts_with("error BadRequest"));
}

TEST(StrategicPatch, MergesLargeListsInReasonableTime) {
  std::string document = R"({"metadata":{"finalizers":["x")";
  std::string patch = R"({"metadata":{"finalizers":["y")";
  for (int i = 0; i < 50000; ++i) {
    document += ",\"a" + std::to_string(i) + "\"";
    patch += ",\"b" + std::to_string(i) + "\"";
  }
  EXPECT_FALSE(patched(document + "]}}", patch + "]}}").starts_with("error"));
}

}  // namespace
}  // namespace stint
