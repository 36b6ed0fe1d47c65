#include "api/equality.h"

#include "api/rules_fixture.h"

namespace stint {
namespace {

using rules_fixture::from_yaml;

TEST(Equality, AbsentEqualsEmptyUnlessItIsAPointer) {
  corev1::Container a, b;
  a.set_image("");
  a.mutable_resources();
  EXPECT_TRUE(semantically_equal(a, b));
  a.mutable_securitycontext();
  EXPECT_FALSE(semantically_equal(a, b));
  batchv1::JobSpec with_zero, without;
  with_zero.set_completions(0);
  EXPECT_FALSE(semantically_equal(with_zero, without));
}

TEST(Equality, QuantitiesCompareByValue) {
  auto a = from_yaml<corev1::Container>("resources: {limits: {cpu: 1, memory: 1Gi}}");
  auto b = from_yaml<corev1::Container>("resources: {limits: {memory: 1024Mi, cpu: 1000m}}");
  EXPECT_TRUE(semantically_equal(a, b));
  auto c = from_yaml<corev1::Container>("resources: {limits: {memory: 1Gi, cpu: 2}}");
  EXPECT_FALSE(semantically_equal(a, c));
}

TEST(Equality, TheOrderOfListsCounts) {
  auto a = from_yaml<corev1::PodSpec>("containers: [{name: a}, {name: b}]");
  auto b = from_yaml<corev1::PodSpec>("containers: [{name: b}, {name: a}]");
  EXPECT_FALSE(semantically_equal(a, b));
}

}  // namespace
}  // namespace stint
