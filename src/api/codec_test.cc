#include "api/codec.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

using namespace std::string_view_literals;

batchv1::Job job_named(const char* name) {
  batchv1::Job job;
  job.mutable_metadata()->set_name(name);
  return job;
}

Result<DecodedBody> decode_job(BodyFormat format, std::string_view body) {
  return decode_body(format, body, batchv1::Job::default_instance(), "Job", "batch/v1");
}

TEST(Codec, EnvelopeIsUpstreamsByteForByte) {
  EXPECT_EQ(encode_envelope("v1", "Pod", corev1::Pod()), "k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x00\x1a\x00\x22\x00"sv);
}

TEST(Codec, EnvelopeRoundTrips) {
  const Result<Envelope> envelope = decode_envelope(encode_envelope("batch/v1", "Job", job_named("a")));
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->api_version, "batch/v1");
  EXPECT_EQ(envelope->kind, "Job");
  EXPECT_EQ(envelope->raw, job_named("a").SerializeAsString());
}

TEST(Codec, EqualObjectsAreEqualBytes) {
  corev1::ConfigMap a;
  corev1::ConfigMap b;
  for (int i = 0; i < 100; ++i) (*a.mutable_data())[std::to_string(i)] = "x";
  for (int i = 99; i >= 0; --i) (*b.mutable_data())[std::to_string(i)] = "x";
  EXPECT_EQ(encode_envelope("v1", "ConfigMap", a), encode_envelope("v1", "ConfigMap", b));
}

TEST(Codec, RefusesBrokenEnvelopes) {
  for (const std::string_view bytes : {""sv, "k8s"sv, "{}"sv, "k8s\0\xff\xff"sv}) EXPECT_FALSE(decode_envelope(bytes));
}

TEST(Codec, StoredObjectsComeBackWithDefaults) {
  const Kind& kind = kind_of<batchv1::Job>();
  const auto job = decode_stored(kind, encode_stored(kind, job_named("a")));
  ASSERT_TRUE(job);
  EXPECT_EQ(meta(**job).name(), "a");
  EXPECT_TRUE(static_cast<const batchv1::Job&>(**job).spec().has_backofflimit());
}

TEST(Codec, ReadsTheSameObjectInThreeFormats) {
  const std::string wire = encode_envelope("batch/v1", "Job", job_named("a"));
  const std::pair<BodyFormat, std::string> bodies[] = {
      {BodyFormat::kJson, R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"}})"},
      {BodyFormat::kYaml, "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\n"},
      {BodyFormat::kProtobuf, wire},
  };
  for (const auto& [format, body] : bodies) {
    const Result<DecodedBody> decoded = decode_job(format, body);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->api_version, "batch/v1");
    EXPECT_EQ(decoded->kind, "Job");
    EXPECT_EQ(meta(*decoded->message).name(), "a");
    EXPECT_TRUE(decoded->strict_errors.empty());
  }
}

TEST(Codec, CollectsStrictErrors) {
  const Result<DecodedBody> json = decode_job(BodyFormat::kJson, R"({"spec":{"foo":1,"backoffLimit":1,"backoffLimit":2}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->strict_errors, (std::vector<std::string>{R"(unknown field "spec.foo")", R"(duplicate field "spec.backoffLimit")"}));
  const Result<DecodedBody> other = decode_job(BodyFormat::kJson, R"({"spec":{"backoffLimit":1,"backoffLimit":2,"foo":1}})");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->strict_errors, (std::vector<std::string>{R"(duplicate field "spec.backoffLimit")", R"(unknown field "spec.foo")"}));
  const Result<DecodedBody> yaml = decode_job(BodyFormat::kYaml, "spec:\n  backoffLimit: 1\n  backoffLimit: 2\n");
  ASSERT_TRUE(yaml);
  EXPECT_EQ(yaml->strict_errors, (std::vector<std::string>{R"(line 3: key "backoffLimit" already set in map)"}));
}

TEST(Codec, RefusesInUpstreamsWords) {
  const auto message = [](BodyFormat format, std::string_view body) {
    const Result<DecodedBody> decoded = decode_job(format, body);
    return decoded ? "" : decoded.error().message;
  };
  EXPECT_EQ(message(BodyFormat::kJson, R"({"spec":{"backoffLimit":"x"}})"),
            "Job in version \"v1\" cannot be handled as a Job: json: cannot unmarshal string into Go struct field "
            "JobSpec.spec.backoffLimit of type int32");
  EXPECT_EQ(message(BodyFormat::kJson, "xx"),
            "the object provided is unrecognized (must be of type Job): couldn't get version/kind; json parse error: "
            "invalid character 'x' looking for beginning of value (7878)");
  EXPECT_TRUE(message(BodyFormat::kProtobuf, "{}").starts_with("the object provided is unrecognized (must be of type Job): provided data"));
  EXPECT_TRUE(message(BodyFormat::kProtobuf, encode_envelope("batch/v1", "Job", job_named("a")) + "\x12\x02\xff\xff")
                  .starts_with("Job in version \"v1\" cannot be handled as a Job: "));
}

TEST(Codec, ReadsAnotherTypeAsWhatItSaysBeforeItDoesNotFit) {
  const auto message = [](std::string_view body) {
    const Result<DecodedBody> decoded = decode_job(BodyFormat::kJson, body);
    return decoded ? "" : decoded.error().message;
  };
  EXPECT_EQ(message(R"({"apiVersion":"v1","kind":"Secret","data":{"a":"b"}})"),
            R"(Secret in version "v1" cannot be handled as a Job: illegal base64 data at input byte 0)");
  EXPECT_EQ(message(R"({"apiVersion":"v1","kind":"Secret"})"),
            R"(Secret in version "v1" cannot be handled as a Job: converting (v1.Secret) to (batch.Job): unknown conversion)");
  EXPECT_EQ(message(R"({"kind":"JobList"})"),
            R"(JobList in version "v1" cannot be handled as a Job: converting (v1.JobList) to (batch.Job): unknown conversion)");
  EXPECT_EQ(message(R"({"kind":"Jab"})"),
            "Jab in version \"v1\" cannot be handled as a Job: no kind \"Jab\" is registered for version \"batch/v1\" in scheme "
            "\"pkg/runtime/scheme.go:111\"");
  EXPECT_EQ(
      message(R"({"apiVersion":"a/b/c"})"),
      "the object provided is unrecognized (must be of type Job): unexpected GroupVersion string: a/b/c ({\"apiVersion\":\"a/b/c\"})");
}

TEST(Codec, NullIsAnObjectWithoutMembersAndNothingElseIs) {
  EXPECT_TRUE(decode_job(BodyFormat::kJson, "null"));
  EXPECT_NE(decode_job(BodyFormat::kJson, "[]").error().message.find("cannot unmarshal array into Go value of type struct"),
            std::string::npos);
  EXPECT_NE(decode_job(BodyFormat::kJson, R"({"kind":1})").error().message.find("number into Go struct field .kind of type string"),
            std::string::npos);
}

TEST(Codec, ProtobufBodiesMeetTheRulesOfJson) {
  corev1::Pod pod;
  auto& container = *pod.mutable_spec()->add_containers();
  (*container.mutable_resources()->mutable_limits())["cpu"].set_string("1000m");
  pod.mutable_metadata()->mutable_creationtimestamp()->set_seconds(5);
  pod.mutable_metadata()->mutable_creationtimestamp()->set_nanos(7);
  pod.GetReflection()->MutableUnknownFields(&pod)->AddVarint(999, 1);
  const auto decode = [](const corev1::Pod& body) {
    return decode_body(BodyFormat::kProtobuf, encode_envelope("v1", "Pod", body), corev1::Pod::default_instance(), "Pod", "v1");
  };
  const Result<DecodedBody> decoded = decode(pod);
  ASSERT_TRUE(decoded);
  const auto& read = static_cast<const corev1::Pod&>(*decoded->message);
  EXPECT_EQ(read.spec().containers(0).resources().limits().at("cpu").string(), "1");
  EXPECT_EQ(read.metadata().creationtimestamp().nanos(), 0);
  EXPECT_TRUE(read.GetReflection()->GetUnknownFields(read).empty());

  (*container.mutable_resources()->mutable_limits())["cpu"].set_string("1x");
  EXPECT_FALSE(decode(pod));
  pod.mutable_spec()->clear_containers();
  pod.mutable_metadata()->add_managedfields()->mutable_fieldsv1()->set_raw("{");
  EXPECT_FALSE(decode(pod));
}

}  // namespace
}  // namespace stint
