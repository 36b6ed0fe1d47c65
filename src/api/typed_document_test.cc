#include "api/typed_document.h"

#include <gtest/gtest.h>

#include "api/kind.h"

namespace stint::typed {
namespace {

json::Value document(std::string_view yaml) {
  Result<json::Value> value = json::parse_yaml(yaml);
  if (value) return *std::move(value);
  ADD_FAILURE() << value.error().message;
  return {};
}

template <class T = corev1::Pod>
Type type() {
  return type_of_object(*T::descriptor());
}

template <class T = corev1::Pod>
std::string fault(std::string_view yaml) {
  const Result<void> fits = check(document(yaml), type<T>(), Duplicates::kRefused);
  return fits ? "" : fits.error().message;
}

template <class T = corev1::Pod>
std::string fields(std::string_view yaml) {
  return fields_of(document(yaml), type<T>()).to_text();
}

template <class T = corev1::Pod>
std::string merge(std::string_view live, std::string_view config) {
  return json::to_text(merged(document(live), document(config), type<T>()));
}

TEST(TypedDocument, SaysWhatDoesNotFitInUpstreamsWords) {
  EXPECT_EQ(fault("{apiVersion: v1, kind: Pod, metadata: {labels: {a: b}}, spec: {containers: [{name: a}]}}"), "");
  EXPECT_EQ(fault("spec: {foo: 1}"), ".spec.foo: field not declared in schema");
  EXPECT_EQ(fault("spec: {containers: [{name: a, bar: 1}]}"), R"(.spec.containers[name="a"].bar: field not declared in schema)");
  EXPECT_EQ(fault("spec: {containers: [{name: a}, {name: a}]}"), R"(.spec.containers: duplicate entries for key [name="a"])");
  EXPECT_EQ(fault("metadata: {finalizers: [a, a]}"), R"(.metadata.finalizers: duplicate entries for key [="a"])");
  EXPECT_EQ(fault("metadata: {finalizers: [null]}"),
            ".metadata.finalizers: element 0: associative list without keys has an element that's an explicit null");
  EXPECT_EQ(fault("spec: {containers: [1]}"), ".spec.containers: element 0: associative list with keys may not have non-map elements");
  EXPECT_EQ(fault("spec: {containers: {a: b}}"), ".spec.containers: expected list, got &{map[a:b]}");
  EXPECT_EQ(fault("spec: 5"), ".spec: expected map, got &{5}");
  EXPECT_EQ(fault("spec: {priority: high}"), ".spec.priority: expected numeric (int or float), got string");
  EXPECT_EQ(fault("spec: {hostNetwork: 1}"), ".spec.hostNetwork: expected boolean, got &{1}");
  EXPECT_EQ(fault("spec: {nodeName: 1}"), ".spec.nodeName: expected string, got &value.valueUnstructured{Value:1}");
  EXPECT_EQ(fault("spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}"), "");
  EXPECT_EQ(fault("{metadata: {a: 1}, spec: {b: 1}}"),
            "errors:\n  .metadata.a: field not declared in schema\n  .spec.b: field not declared in schema");
}

TEST(TypedDocument, TakesTheDefaultsOfKeysForMissingOnes) {
  EXPECT_EQ(fields("spec: {containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]}]}"),
            R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:ports":{)"
            R"("k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}},)"
            R"("k:{\"containerPort\":80,\"protocol\":\"UDP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}}}}}})");
}

TEST(TypedDocument, OwnsAtomicPlacesAsWholes) {
  EXPECT_EQ(
      fields("spec: {nodeSelector: {a: b}, tolerations: [{key: a}], containers: [{name: a, command: [a, b]}]}"),
      R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:command":{},"f:name":{}}},"f:nodeSelector":{},"f:tolerations":{}}})");
  EXPECT_EQ(fields<batchv1::Job>("spec: {selector: {matchLabels: {a: b}}}"), R"({"f:spec":{"f:selector":{}}})");
}

TEST(TypedDocument, OwnsWhatIsNullOrEmptyButNotAListWithoutItems) {
  EXPECT_EQ(fields("{metadata: {labels: {}, annotations: null}, spec: {priority: null, containers: [], volumes: null}}"),
            R"({"f:metadata":{"f:annotations":{},"f:labels":{}},"f:spec":{"f:priority":{},"f:volumes":{}}})");
}

TEST(TypedDocument, MergesItemsByKeyAndLeavesTheRest) {
  EXPECT_EQ(merge("{metadata: {labels: {a: '1', b: '2'}}, spec: {containers: [{name: a, image: x, args: [a]}, {name: b}]}}",
                  "{metadata: {labels: {b: '3'}}, spec: {containers: [{name: a, image: z, args: [b]}]}}"),
            R"({"metadata":{"labels":{"a":"1","b":"3"}},)"
            R"("spec":{"containers":[{"name":"a","image":"z","args":["b"]},{"name":"b"}]}})");
}

TEST(TypedDocument, OrdersItemsAsTheConfigurationDoes) {
  const auto names = [](std::string_view live, std::string_view config) {
    const auto list = [](std::string_view each) {
      std::string out = "metadata: {finalizers: [";
      for (const char name : each) out.append({'\'', name, '\'', ','});
      return out + "]}";
    };
    std::string out;
    const json::Value value = merged(document(list(live)), document(list(config)), type());
    for (const json::Value& one : value.find("metadata")->find("finalizers")->as_array()) out += one.as_string();
    return out;
  };
  EXPECT_EQ(names("abc", "cba"), "cba");
  EXPECT_EQ(names("abcd", "da"), "bcda");
  EXPECT_EQ(names("abc", "xb"), "axbc");
  EXPECT_EQ(names("abc", "d"), "abcd");
  EXPECT_EQ(names("", "ba"), "ba");
  EXPECT_EQ(names("axbycz", "cab"), "xyczab");
}

TEST(TypedDocument, LetsNullGoBeforeAValueButNotBeforeAStruct) {
  EXPECT_EQ(merge("{spec: {priority: 5, nodeName: n1}}", "{spec: {priority: null}}"), R"({"spec":{"priority":null,"nodeName":"n1"}})");
  EXPECT_EQ(merge("{metadata: {labels: {a: b}}}", "{metadata: {labels: null}}"), R"({"metadata":{"labels":{"a":"b"}}})");
}

TEST(TypedDocument, TakesFieldsAndItemsOut) {
  const json::Value pod = document("{metadata: {labels: {a: '1', b: '2'}}, spec: {containers: [{name: a, image: x}, {name: b}]}}");
  const auto left = [&](std::string_view set) { return json::to_text(without(pod, FieldSet::parse(set).value(), type())); };
  EXPECT_EQ(left(R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"b\"}":{}}}})"),
            R"({"metadata":{"labels":{"b":"2"}},"spec":{"containers":[{"name":"a","image":"x"}]}})");
  EXPECT_EQ(left(R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}}}})"),
            R"({"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"containers":[{"name":"a"},{"name":"b"}]}})");
  EXPECT_EQ(left(R"({"f:metadata":{"f:labels":{"f:a":{},"f:b":{}}},"f:spec":{}})"), R"({"metadata":{"labels":null}})");
}

struct Pair {
  std::string_view kind, old, next, added, modified, removed;
};

constexpr Pair kPairs[] = {
    {"Pod", "spec: {containers: [{name: a, image: x}]}", "spec: {containers: [{name: a, image: z}, {name: b}], nodeName: n1}",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"b\"}":{".":{},"f:name":{},"f:resources":{}}},"f:nodeName":{}}})",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}}}})", "{}"},
    {"Pod", "metadata: {labels: {a: b, c: d}, finalizers: [u, v]}", "metadata: {labels: {a: e}, finalizers: [v, w]}",
     R"({"f:metadata":{"f:finalizers":{"v:\"w\"":{}}}})", R"({"f:metadata":{"f:labels":{"f:a":{}}}})",
     R"({"f:metadata":{"f:finalizers":{"v:\"u\"":{}},"f:labels":{"f:c":{}}}})"},
    {"Pod", "{}", "metadata: {labels: {a: b}}", R"({"f:metadata":{"f:labels":{".":{},"f:a":{}}}})", "{}", "{}"},
    {"Pod", "spec: {securityContext: {runAsUser: 1}}", "spec: {}", "{}", "{}",
     R"({"f:spec":{"f:securityContext":{".":{},"f:runAsUser":{}}}})"},
    {"Pod", "spec: {securityContext: {}}", "spec: {}", "{}", "{}", R"({"f:spec":{"f:securityContext":{}}})"},
    {"Pod", "spec: {tolerations: [{key: a}], nodeSelector: {a: b}}", "spec: {tolerations: [{key: b}], nodeSelector: {a: c}}", "{}",
     R"({"f:spec":{"f:nodeSelector":{},"f:tolerations":{}}})", "{}"},
    {"Pod", "spec: {containers: [{name: a, env: [{name: X, value: '1'}, {name: X, value: '2'}]}]}",
     "spec: {containers: [{name: a, env: [{name: X, value: '1'}]}]}",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:env":{"k:{\"name\":\"X\"}":{".":{},"f:name":{},"f:value":{}}}}}}})", "{}",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:env":{"k:{\"name\":\"X\"}":{}}}}}})"},
    {"Pod", "spec: {containers: [{name: a, resources: {limits: {cpu: '1', memory: 1Gi}}}]}",
     "spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 2Gi}}}]}", "{}",
     R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:resources":{"f:limits":{"f:memory":{}}}}}}})", "{}"},
    {"Job", "spec: {template: {spec: {containers: [{name: a}]}}}",
     "spec: {parallelism: 0, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a}]}}}",
     R"({"f:spec":{"f:parallelism":{},"f:template":{"f:metadata":{"f:labels":{".":{},"f:a":{}}}}}})", "{}", "{}"},
    {"ConfigMap", "{data: {a: b}, immutable: false}", "{binaryData: {a: YQ==}, immutable: true}", R"({"f:binaryData":{".":{},"f:a":{}}})",
     R"({"f:immutable":{}})", R"({"f:data":{".":{},"f:a":{}}})"},
};

// Messages are compared without a detour over documents; both find the same.
TEST(FieldChanges, AreTheSameOfMessagesAndOfTheirDocuments) {
  for (const Pair& pair : kPairs) {
    const Kind& kind = pair.kind == "Pod"   ? kind_of<corev1::Pod>()
                       : pair.kind == "Job" ? kind_of<batchv1::Job>()
                                            : kind_of<corev1::ConfigMap>();
    const auto old = kind.make(), next = kind.make();
    ASSERT_TRUE(json::decode(document(pair.old), *old));
    ASSERT_TRUE(json::decode(document(pair.next), *next));
    const FieldChanges of_messages = stint::changes_between(*old, *next);
    const FieldChanges of_documents = changes_between(json::to_value(*old), json::to_value(*next), type_of_object(*kind.descriptor()));
    for (const FieldChanges* changes : {&of_messages, &of_documents}) {
      EXPECT_EQ(changes->added.to_text(), pair.added) << pair.next;
      EXPECT_EQ(changes->modified.to_text(), pair.modified) << pair.next;
      EXPECT_EQ(changes->removed.to_text(), pair.removed) << pair.next;
    }
  }
}

TEST(FieldChanges, LeaveOutWhatIsIgnored) {
  corev1::Pod old, next;
  next.mutable_spec()->set_nodename("n");
  next.mutable_status()->set_phase("Running");
  (*next.mutable_metadata()->mutable_labels())["a"] = "b";
  const FieldSet ignored = FieldSet::parse(R"({"f:status":{},"f:metadata":{"f:labels":{}}})").value();
  EXPECT_EQ(stint::changes_between(old, next, ignored).added.to_text(), R"({"f:spec":{"f:nodeName":{}}})");
  EXPECT_TRUE(stint::changes_between(next, next).empty());
}

}  // namespace
}  // namespace stint::typed
