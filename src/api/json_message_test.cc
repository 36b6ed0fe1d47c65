// Messages to JSON and back: presence, special types, strict errors.
#include <gtest/gtest.h>

#include "api/json.h"
#include "api/object.h"

namespace stint::json {
namespace {

template <class T>
std::string reencode(std::string_view text, std::vector<std::string>* unknown = nullptr) {
  const Result<Value> value = parse(text);
  if (!value) return "parse: " + value.error().message;
  T message;
  if (const Result<void> read = decode(*value, message, unknown); !read) return "error: " + read.error().message;
  return encode(message);
}

TEST(JsonMessage, PutsKindFirstAndFieldsInOrderOfDeclaration) {
  batchv1::Job job;
  job.mutable_metadata()->set_name("a");
  job.mutable_spec()->set_backofflimit(0);
  job.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_name("c");
  EXPECT_EQ(encode(job, {.api_version = "batch/v1", .kind = "Job"}),
            R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"a"},"spec":{"backoffLimit":0,"template":{"metadata":{},)"
            R"("spec":{"containers":[{"name":"c","resources":{}}]}}},"status":{}})");
}

TEST(JsonMessage, ShowsPointersWhenSetAndValuesWhenNotZero) {
  EXPECT_EQ(reencode<batchv1::JobStatus>(R"({"active":0,"terminating":0,"ready":null,"failedIndexes":""})"),
            R"({"terminating":0,"failedIndexes":""})");
}

TEST(JsonMessage, NilListsOfRequiredFieldsAreNullButListsOfObjectsAreEmpty) {
  EXPECT_EQ(encode(corev1::PodSpec()), R"({"containers":null})");
  EXPECT_EQ(encode(corev1::PodList(), {.api_version = "v1", .kind = "PodList"}),
            R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]})");
}

TEST(JsonMessage, ZeroTimesAreNullWhereShownAndLeftOutElsewhere) {
  EXPECT_EQ(reencode<corev1::PodCondition>(R"({"type":"T","status":"True"})"),
            R"({"type":"T","status":"True","lastProbeTime":null,"lastTransitionTime":null})");
  EXPECT_EQ(reencode<metav1::ObjectMeta>(R"({"creationTimestamp":"0001-01-01T00:00:00Z","name":"a"})"), R"({"name":"a"})");
}

TEST(JsonMessage, TimesKeepUpstreamsDigits) {
  EXPECT_EQ(reencode<metav1::ObjectMeta>(R"({"creationTimestamp":"2026-01-02T03:04:05.9+01:00"})"),
            R"({"creationTimestamp":"2026-01-02T02:04:05Z"})");
  EXPECT_EQ(reencode<coordinationv1::LeaseSpec>(
                R"({"renewTime":"2026-01-02T03:04:05.123456Z","acquireTime":"2026-01-02T05:04:05.000000+02:00"})"),
            R"({"acquireTime":"2026-01-02T03:04:05.000000Z","renewTime":"2026-01-02T03:04:05.123456Z"})");
}

TEST(JsonMessage, QuantitiesBecomeCanonicalAndMapsAreSorted) {
  EXPECT_EQ(reencode<corev1::ResourceRequirements>(R"({"limits":{"memory":"1024Ki","cpu":0.5},"requests":{"cpu":2}})"),
            R"({"limits":{"cpu":"500m","memory":"1Mi"},"requests":{"cpu":"2"}})");
  EXPECT_TRUE(reencode<corev1::ResourceRequirements>(R"({"limits":{"cpu":"1x"}})").starts_with("error: quantities must match"));
  EXPECT_EQ(reencode<corev1::ResourceFieldSelector>(R"({"resource":"r"})"), R"({"resource":"r","divisor":"0"})");
}

TEST(JsonMessage, IntOrStringIsEither) {
  EXPECT_EQ(reencode<corev1::HTTPGetAction>(R"({"port":80})"), R"({"port":80})");
  EXPECT_EQ(reencode<corev1::HTTPGetAction>(R"({"port":"http"})"), R"({"port":"http"})");
  EXPECT_EQ(reencode<corev1::HTTPGetAction>(R"({"port":8.5})"),
            "error: json: cannot unmarshal number 8.5 into Go struct field HTTPGetAction.port of type int32");
}

TEST(JsonMessage, FieldsAndRawExtensionsAreDocuments) {
  EXPECT_EQ(reencode<metav1::ManagedFieldsEntry>(R"({"fieldsV1":{"f:b":{}, "f:a":{"k:{\"x\":1}":{}}}})"),
            R"({"fieldsV1":{"f:b":{},"f:a":{"k:{\"x\":1}":{}}}})");
  EXPECT_EQ(reencode<metav1::WatchEvent>(R"({"type":"ADDED","object":{"a":[1, 2]}})"), R"({"type":"ADDED","object":{"a":[1,2]}})");
  EXPECT_EQ(encode(metav1::WatchEvent()), R"({"type":"","object":null})");
}

TEST(JsonMessage, BytesAreBase64) {
  EXPECT_EQ(reencode<corev1::Secret>(R"({"data":{"b":"aGVsbG8=","a":"","c":"aGk="}})"),
            R"({"metadata":{},"data":{"a":"","b":"aGVsbG8=","c":"aGk="}})");
  EXPECT_TRUE(reencode<corev1::Secret>(R"({"data":{"a":"aGk"}})").starts_with("error: illegal base64 data at input byte 0"));
}

TEST(JsonMessage, InlinedMembersStandInTheParent) {
  const char* probe = R"({"exec":{"command":["a"]},"periodSeconds":5})";
  corev1::Probe message;
  ASSERT_TRUE(decode(*parse(probe), message));
  EXPECT_EQ(message.handler().exec().command(0), "a");
  EXPECT_EQ(encode(message), probe);
  EXPECT_EQ(reencode<corev1::Volume>(R"({"name":"v","configMap":{"name":"c"}})"), R"({"name":"v","configMap":{"name":"c"}})");
}

TEST(JsonMessage, NamesUnknownMembersByPath) {
  std::vector<std::string> unknown;
  EXPECT_TRUE(reencode<batchv1::Job>(R"({"kind":"Job","apiVersion":"batch/v1","foo":1,"spec":{"kind":1,
      "template":{"metadata":{"labels":{"anything":"goes"}},"spec":{"containers":[{"name":"a"},{"bar":{"x":1}}]}}},"Spec":{}})",
                                     &unknown)
                  .starts_with("{"));
  EXPECT_EQ(unknown, (std::vector<std::string>{R"(unknown field "foo")", R"(unknown field "spec.kind")",
                                               R"(unknown field "spec.template.spec.containers[1].bar")", R"(unknown field "Spec")"}));
}

TEST(JsonMessage, CollectsNoMoreUnknownMembersThanTheLimit) {
  std::string text = "{";
  for (int i = 0; i < 500; ++i) text += "\"x" + std::to_string(i) + "\":0,";
  text.back() = '}';
  std::vector<std::string> unknown;
  reencode<batchv1::Job>(text, &unknown);
  EXPECT_EQ(unknown.size(), kStrictErrorsMax);
}

TEST(JsonMessage, WrongTypesAreToldInGosWords) {
  EXPECT_EQ(reencode<batchv1::Job>(R"({"spec":{"backoffLimit":"x"}})"),
            "error: json: cannot unmarshal string into Go struct field JobSpec.spec.backoffLimit of type int32");
  EXPECT_EQ(reencode<batchv1::Job>(R"({"spec":{"backoffLimit":1.5}})"),
            "error: json: cannot unmarshal number 1.5 into Go struct field JobSpec.spec.backoffLimit of type int32");
  EXPECT_EQ(reencode<batchv1::Job>(R"({"spec":{"backoffLimit":2147483648}})"),
            "error: json: cannot unmarshal number 2147483648 into Go struct field JobSpec.spec.backoffLimit of type int32");
  EXPECT_EQ(reencode<batchv1::Job>(R"({"spec":{"template":{"spec":{"containers":[{"args":{}}]}}}})"),
            "error: json: cannot unmarshal object into Go struct field Container.spec.template.spec.containers.args of type []string");
  EXPECT_EQ(reencode<batchv1::Job>(R"({"spec":[]})"),
            "error: json: cannot unmarshal array into Go struct field Job.spec of type v1.JobSpec");
  EXPECT_EQ(reencode<batchv1::Job>(R"({"metadata":{"labels":[1]}})"),
            "error: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string");
  EXPECT_EQ(reencode<batchv1::Job>("[]"), "error: json: cannot unmarshal array into Go value of type v1.Job");
}

TEST(JsonMessage, NullIsAbsentButAZeroElementOrMapValue) {
  EXPECT_EQ(reencode<corev1::Container>(R"({"name":"a","args":[null,"b"],"env":null,"stdin":null})"),
            R"({"name":"a","args":["","b"],"resources":{}})");
  EXPECT_EQ(reencode<metav1::ObjectMeta>(R"({"labels":{"a":null}})"), R"({"labels":{"a":""}})");
}

TEST(JsonMessage, EmbeddedDocumentsHaveADepth) {
  std::string deep = std::string(150, '[') + std::string(150, ']');
  EXPECT_EQ(reencode<metav1::WatchEvent>(R"({"type":"","object":)" + deep + "}"), "error: exceeded max depth");
}

TEST(JsonMessage, ToValueIsWhatEncodePrints) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_name("p");
  const TypeMeta type{.api_version = "v1", .kind = "Pod"};
  EXPECT_EQ(to_text(to_value(pod, type)), encode(pod, type));
}

TEST(JsonMessage, DurationsAreGoText) {
  EXPECT_EQ(reencode<metricsv1::PodMetrics>(R"({"window":"1h0.5s","timestamp":null,"containers":[]})"),
            R"({"metadata":{},"timestamp":null,"window":"1h0m0.5s","containers":null})");
  EXPECT_TRUE(reencode<metricsv1::PodMetrics>(R"({"window":"soon"})").starts_with("error: time: invalid duration"));
  EXPECT_TRUE(reencode<metricsv1::PodMetrics>(R"({"window":15})").starts_with("error: json: cannot unmarshal number into"));
}

TEST(JsonMessage, AMapOfTextListsIsWrittenAsLists) {
  constexpr std::string_view kUser = R"({"username":"a","extra":{"k":["x","y"],"none":[]}})";
  EXPECT_EQ(reencode<authenticationv1::UserInfo>(kUser), kUser);
  EXPECT_TRUE(reencode<authenticationv1::UserInfo>(R"({"extra":{"k":"x"}})").starts_with("error: json: cannot unmarshal string into"));
  EXPECT_TRUE(reencode<authenticationv1::UserInfo>(R"({"extra":{"k":[1]}})").starts_with("error: json: cannot unmarshal number into"));
}

}  // namespace
}  // namespace stint::json
