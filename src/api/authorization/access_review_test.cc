#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/authorization/rules.h"

namespace stint::authorization {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> fields_at_fault(const Rules& rules, const Message& review) {
  FieldErrors errors;
  rules.validate(review, errors);
  std::vector<std::string> fields;
  for (const Cause& cause : errors.causes()) fields.push_back(cause.field);
  return fields;
}

TEST(AccessReview, AsksAboutAResourceOrAPathAndNotBoth) {
  authorizationv1::SelfSubjectAccessReview review;
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review), ElementsAre("spec"));
  review.mutable_spec()->mutable_resourceattributes()->set_verb("get");
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review), ElementsAre());
  review.mutable_spec()->mutable_nonresourceattributes()->set_path("/version");
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review), ElementsAre("spec"));
}

TEST(AccessReview, NamesSomebody) {
  authorizationv1::SubjectAccessReview review;
  review.mutable_spec()->mutable_resourceattributes()->set_verb("get");
  EXPECT_THAT(fields_at_fault(kSubjectAccessReviewRules, review), ElementsAre("spec.user"));
  review.mutable_spec()->add_groups("devs");
  EXPECT_THAT(fields_at_fault(kSubjectAccessReviewRules, review), ElementsAre());
}

TEST(AccessReview, HasNoMetadataOfItsOwn) {
  authorizationv1::SelfSubjectAccessReview review;
  review.mutable_spec()->mutable_resourceattributes()->set_verb("get");
  review.mutable_metadata()->add_managedfields()->set_manager("kubectl");
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review), ElementsAre());
  review.mutable_metadata()->set_name("x");
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review), ElementsAre("metadata"));
}

TEST(AccessReview, ALocalOneStaysInItsNamespace) {
  authorizationv1::LocalSubjectAccessReview review;
  review.mutable_metadata()->set_namespace_("team");
  review.mutable_spec()->set_user("ann");
  review.mutable_spec()->mutable_resourceattributes()->set_namespace_("other");
  EXPECT_THAT(fields_at_fault(kLocalSubjectAccessReviewRules, review), ElementsAre("spec.resourceAttributes.namespace"));
  review.mutable_spec()->mutable_resourceattributes()->set_namespace_("team");
  EXPECT_THAT(fields_at_fault(kLocalSubjectAccessReviewRules, review), ElementsAre());
}

TEST(AccessReview, SelectorsAreTextOrParts) {
  authorizationv1::SelfSubjectAccessReview review;
  auto& selector = *review.mutable_spec()->mutable_resourceattributes()->mutable_labelselector();
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review), ElementsAre("spec.resourceAttributes.labelSelector.requirements"));
  auto& requirement = *selector.add_requirements();
  requirement.set_key("app");
  requirement.set_operator_("In");
  EXPECT_THAT(fields_at_fault(kSelfSubjectAccessReviewRules, review),
              ElementsAre("spec.resourceAttributes.labelSelector.requirements[0].values"));
}

}  // namespace
}  // namespace stint::authorization
