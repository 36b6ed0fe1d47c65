// Images that not everybody may have: pull secrets, and who may use what others pulled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr char kImage[] = "r.example.com/team/app:v1";

class ImagePullerTest : public testing::Test, public NodeFixture {
 protected:
  ImagePullerTest() { images.protect("r.example.com/team/app", "me", "letmein"); }

  void put_secret(const std::string& name, const std::string& password, bool old_form = false) {
    corev1::Secret secret;
    secret.mutable_metadata()->set_namespace_("default");
    secret.mutable_metadata()->set_name(name);
    const std::string hosts = R"({"r.example.com/team":{"username":"me","password":")" + password + "\"}}";
    secret.set_type(old_form ? "kubernetes.io/dockercfg" : "kubernetes.io/dockerconfigjson");
    (*secret.mutable_data())[old_form ? ".dockercfg" : ".dockerconfigjson"] = old_form ? hosts : "{\"auths\":" + hosts + "}";
    client.put(secret);
  }
  void put_pod(const std::string& name, const std::vector<std::string>& secrets, const std::string& policy = "IfNotPresent") {
    auto pod = make_pod(name);
    pod.mutable_spec()->mutable_containers(0)->set_image(kImage);
    pod.mutable_spec()->mutable_containers(0)->set_imagepullpolicy(policy);
    for (const auto& secret : secrets) pod.mutable_spec()->add_imagepullsecrets()->set_name(secret);
    client.put(pod);
    loop.run_for(2s);
  }
  const corev1::ContainerStateWaiting& waiting(const std::string& name) const { return container(name).state().waiting(); }
};

TEST_F(ImagePullerTest, PullsByTheSecretsOfThePodInBothForms) {
  put_secret("new", "letmein");
  put_secret("old", "letmein", true);
  put_pod("a", {"new"}, "Always");
  EXPECT_EQ(phase("a"), "Succeeded");
  put_pod("b", {"old"}, "Always");
  EXPECT_EQ(phase("b"), "Succeeded");
  EXPECT_EQ(images.pulls(), 2);
}

TEST_F(ImagePullerTest, TellsOfADeniedPullAndOfSecretsThatAreNotThere) {
  put_secret("wrong", "guess");
  put_pod("p", {"wrong", "missing", "lost"});
  EXPECT_EQ(waiting("p").reason(), "ImagePullBackOff");
  EXPECT_THAT(waiting("p").message(), HasSubstr("ErrImagePull: pull access denied"));
  EXPECT_THAT(reasons("p"), Contains("FailedToRetrieveImagePullSecret"));
  for (const auto& event : client.all<corev1::Event>()) {
    if (event->reason() != "FailedToRetrieveImagePullSecret") continue;
    EXPECT_EQ(event->message(),
              "Unable to retrieve some image pull secrets (missing, lost); attempting to pull the image may not succeed.");
    EXPECT_EQ(event->type(), "Warning");
  }
}

TEST_F(ImagePullerTest, SaysNothingOfAMissingSecretThatIsNotNeeded) {
  put_secret("right", "letmein");
  put_pod("p", {"right", "missing"});
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_THAT(reasons("p"), Not(Contains("FailedToRetrieveImagePullSecret")));
}

TEST_F(ImagePullerTest, NamesASecretThatCannotBeReadWithoutItsContent) {
  put_secret("broken", "\"letmein");
  put_pod("p", {"broken"});
  EXPECT_THAT(waiting("p").message(), HasSubstr("image pull secret \"broken\": docker config: it is not JSON"));
  EXPECT_EQ(images.pulls(), 0);
}

TEST_F(ImagePullerTest, GivesWhatOthersPulledByTheirSecretOnlyToThoseWhoHaveIt) {
  put_secret("right", "letmein");
  put_secret("same", "letmein");
  put_secret("wrong", "guess");
  put_pod("first", {"right"});
  ASSERT_EQ(images.pulls(), 1);
  put_pod("second", {"same"});
  EXPECT_EQ(phase("second"), "Succeeded");
  EXPECT_EQ(images.pulls(), 1) << "it is here, and the pod has the same credentials";
  put_pod("third", {"wrong"});
  EXPECT_EQ(waiting("third").reason(), "ImagePullBackOff");
  put_pod("fourth", {});
  EXPECT_EQ(waiting("fourth").reason(), "ImagePullBackOff");
  EXPECT_EQ(images.pulls(), 3) << "the registry decides";
}

TEST_F(ImagePullerTest, WithPolicyNeverAnImageOfOthersIsAsIfItWereNotThere) {
  put_secret("right", "letmein");
  put_pod("first", {"right"});
  put_pod("second", {}, "Never");
  EXPECT_EQ(waiting("second").reason(), "ErrImageNeverPull");
  EXPECT_EQ(waiting("second").message(), std::string("Container image \"") + kImage + "\" is not present with pull policy of Never");
  put_pod("third", {"right"}, "Never");
  EXPECT_EQ(phase("third"), "Succeeded");
  EXPECT_EQ(images.pulls(), 1);
}

TEST_F(ImagePullerTest, EverybodyMayUseAnImageThatWasHereBefore) {
  images.put(kImage, {});
  put_pod("p", {}, "Never");
  EXPECT_EQ(phase("p"), "Succeeded");
}

}  // namespace
}  // namespace stint
