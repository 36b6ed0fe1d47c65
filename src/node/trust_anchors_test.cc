#include "node/trust_anchors.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

Object bundle(const std::string& name, const std::string& signer, const std::string& label, const std::string& certificate) {
  auto made = std::make_shared<certificatesv1::ClusterTrustBundle>();
  made->mutable_metadata()->set_name(name);
  if (!label.empty()) (*made->mutable_metadata()->mutable_labels())["set"] = label;
  made->mutable_spec()->set_signername(signer);
  made->mutable_spec()->set_trustbundle("# a remark\n-----BEGIN CERTIFICATE-----\n" + certificate + "\n-----END CERTIFICATE-----\n");
  return made;
}
std::string pem(const std::string& certificate) { return "-----BEGIN CERTIFICATE-----\n" + certificate + "\n-----END CERTIFICATE-----\n"; }

const std::vector<Object> kBundles = {bundle("one", "", "", "QQ=="), bundle("s:a", "s", "x", "Qg=="), bundle("s:b", "s", "y", "Qg=="),
                                      bundle("s:c", "s", "y", "Qw==")};

TEST(TrustAnchors, OfOneBundleByName) {
  corev1::ClusterTrustBundleProjection projection;
  projection.set_name("one");
  EXPECT_EQ(trust_anchors(projection, kBundles).value(), pem("QQ=="));
  projection.set_name("none");
  EXPECT_FALSE(trust_anchors(projection, kBundles).has_value());
  projection.set_optional(true);
  EXPECT_EQ(trust_anchors(projection, kBundles).value(), "");
}

TEST(TrustAnchors, OfASignersBundlesEachCertificateOnce) {
  corev1::ClusterTrustBundleProjection projection;
  projection.set_signername("s");
  EXPECT_FALSE(trust_anchors(projection, kBundles).has_value());  // no selector chooses none
  projection.mutable_labelselector();
  EXPECT_EQ(trust_anchors(projection, kBundles).value(), pem("Qg==") + pem("Qw=="));
  (*projection.mutable_labelselector()->mutable_matchlabels())["set"] = "x";
  EXPECT_EQ(trust_anchors(projection, kBundles).value(), pem("Qg=="));
}

}  // namespace
}  // namespace stint
