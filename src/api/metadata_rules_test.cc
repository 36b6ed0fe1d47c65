#include "api/metadata_rules.h"

#include "api/names.h"
#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;
using corev1::ConfigMap;

constexpr std::string_view kInvalid = "FieldValueInvalid";

ConfigMap named(std::string_view metadata) { return from_yaml<ConfigMap>("metadata: " + std::string(metadata)); }

TEST(Names, DnsLabelsAndSubdomains) {
  EXPECT_TRUE(dns_label_faults("a-1").empty());
  for (const char* bad : {"", "A", "a.b", "-a", "a-", "a_b"}) EXPECT_FALSE(dns_label_faults(bad).empty()) << bad;
  EXPECT_TRUE(dns_subdomain_faults("a.b-1.c").empty());
  for (const char* bad : {"", "a..b", ".a", "a.", "a.-b"}) EXPECT_FALSE(dns_subdomain_faults(bad).empty()) << bad;
  EXPECT_EQ(dns_label_faults(std::string(64, 'a')), Faults{"must be no more than 63 characters"});
  EXPECT_EQ(dns_label_faults("a.b"), Faults{"must not contain dots"});
}

TEST(Names, AreRefusedInUpstreamsWords) {
  EXPECT_EQ(dns_label_faults("A"),
            Faults{"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
                   "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                   "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"});
  EXPECT_EQ(
      dns_subdomain_faults("A"),
      Faults{"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
             "an alphanumeric character (e.g. 'example.com', regex used for validation is "
             "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"});
  EXPECT_EQ(
      qualified_name_faults("a/b c"),
      Faults{"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
             "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"});
  EXPECT_EQ(listed({"a b", "c"}), "[a b c]");
}

TEST(Names, RangesOfAddresses) {
  for (const char* good : {"10.0.0.0/24", "0.0.0.0/0", "2001:db8::/64"}) EXPECT_TRUE(cidr_faults(good).empty()) << good;
  for (const char* bad : {"", "x", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/a", "::/129", "10.0.0/8"}) {
    EXPECT_FALSE(cidr_faults(bad).empty()) << bad;
  }
}

TEST(Names, QualifiedNamesAndLabelValues) {
  for (const char* good : {"a", "A_b.c", "example.com/a"}) EXPECT_TRUE(qualified_name_faults(good).empty()) << good;
  for (const char* bad : {"", "/a", "a/", "a/b/c", "Ex.com/a", "-a"}) EXPECT_FALSE(qualified_name_faults(bad).empty()) << bad;
  EXPECT_TRUE(label_value_faults("").empty());
  EXPECT_FALSE(label_value_faults("a b").empty());
  EXPECT_FALSE(label_value_faults(std::string(64, 'a')).empty());
}

TEST(FieldErrors, SpeakUpstreamsShapes) {
  FieldErrors errors;
  constexpr std::string_view kChoices[] = {"A", "B"};
  errors.required("f");
  errors.required("f", "why");
  errors.invalid("f", quote("a\"b"), "why");
  errors.invalid("f", "", "why");
  errors.not_supported("f", "C", kChoices);
  errors.duplicate("f", "1");
  errors.forbidden("f", "why");
  errors.too_long("f", 63);
  errors.too_many("f", 21, 20);
  errors.not_found("f", quote("v"));
  std::vector<std::string> messages;
  for (const Cause& cause : errors.causes()) messages.push_back(cause.message);
  EXPECT_EQ(messages, (std::vector<std::string>{"Required value", "Required value: why", "Invalid value: \"a\\\"b\": why",
                                                "Invalid value: why", "Unsupported value: \"C\": supported values: \"A\", \"B\"",
                                                "Duplicate value: 1", "Forbidden: why", "Too long: may not be more than 63 bytes",
                                                "Too many: 21: must have at most 20 items", "Not found: \"v\""}));
}

TEST(Metadata, NeedsAName) {
  EXPECT_TRUE(create(named("{}")).refused("metadata.name", "FieldValueRequired", "name or generateName is required"));
  EXPECT_TRUE(create(named("{name: A}")).refused("metadata.name", kInvalid, "Invalid value: \"A\": "));
  EXPECT_TRUE(create(named("{name: a-1, generateName: a-}")).accepted());
}

TEST(Metadata, ChecksLabelsAnnotationsAndFinalizers) {
  EXPECT_TRUE(create(named("{name: a, labels: {\"b c\": d}}")).refused("metadata.labels", kInvalid, "\"b c\""));
  EXPECT_TRUE(create(named("{name: a, labels: {b: \"c d\"}}")).refused("metadata.labels", kInvalid, "\"c d\""));
  ConfigMap big = named("{name: a}");
  (*big.mutable_metadata()->mutable_annotations())["k"] = std::string(262144, 'x');
  EXPECT_TRUE(create(big).refused("metadata.annotations", "FieldValueTooLong", "262144"));
  EXPECT_TRUE(create(named("{name: a, finalizers: [mine]}")).refused("metadata.finalizers[0]", kInvalid, "nor is it fully qualified"));
  EXPECT_TRUE(create(named("{name: a, finalizers: [orphan, foregroundDeletion]}"))
                  .refused("metadata.finalizers", kInvalid, "[\"orphan\",\"foregroundDeletion\"]"));
  EXPECT_TRUE(create(named("{name: a, finalizers: [orphan, example.com/f]}")).accepted());
}

TEST(Metadata, HasOneControllerAtMost) {
  auto owner = [](std::string_view name) {
    return "{apiVersion: batch/v1, kind: Job, name: " + std::string(name) + ", uid: u, controller: true}";
  };
  EXPECT_TRUE(create(named("{name: a, ownerReferences: [" + owner("one") + "]}")).accepted());
  EXPECT_TRUE(create(named("{name: a, ownerReferences: [" + owner("one") + ", " + owner("two") + "]}"))
                  .refused("metadata.ownerReferences", kInvalid, "references for Job/one and Job/two"));
  EXPECT_TRUE(create(named("{name: a, ownerReferences: [{kind: Job}]}")).refused("metadata.ownerReferences[0].uid", "FieldValueRequired"));
  EXPECT_TRUE(create(named("{name: a, ownerReferences: [{apiVersion: v1, kind: Event, name: e, uid: u}]}"))
                  .refused("metadata.ownerReferences[0]", kInvalid));
}

TEST(MetadataUpdate, IdentityStays) {
  ConfigMap old = create(named("{name: a}")).object;
  EXPECT_TRUE(update_with(old, [](ConfigMap& next) {
                next.mutable_metadata()->set_name("b");
              }).refused("metadata.name", kInvalid, "field is immutable"));
  EXPECT_TRUE(update_with(old, [](ConfigMap& next) { next.mutable_metadata()->set_uid("b"); }).refused("metadata.uid", kInvalid));
  EXPECT_TRUE(
      update_with(old, [](ConfigMap& next) { next.mutable_metadata()->set_namespace_("b"); }).refused("metadata.namespace", kInvalid));
}

TEST(MetadataUpdate, NoFinalizerJoinsAnObjectThatIsBeingDeleted) {
  ConfigMap old = create(named("{name: a, finalizers: [example.com/f, example.com/g]}")).object;
  old.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1'800'000'001);
  EXPECT_TRUE(update_with(old, [](ConfigMap& next) { next.mutable_metadata()->mutable_finalizers()->RemoveLast(); }).accepted());
  EXPECT_TRUE(update_with(old, [](ConfigMap& next) {
                next.mutable_metadata()->add_finalizers("example.com/h");
              }).refused("metadata.finalizers", "FieldValueForbidden", "example.com/h"));
}

}  // namespace
}  // namespace stint
