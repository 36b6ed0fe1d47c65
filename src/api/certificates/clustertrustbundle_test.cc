#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;

constexpr const char* kInvalid = "FieldValueInvalid";
constexpr std::string_view kAuthority = R"(-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUFIV1NTIBsnRvTA9VfbQNTQ4JEsEwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjUxNTE1NDVaGA8yMTI2MTEwMTE1MTU0
NVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGPU
6x31acFY3lYZoFEFxf9wqszlkJwWeJchik2pGgqyESLQiHxrMjXHJJT0r3ePKgh+
0jn03G3hGLHE8dEQp8OjUzBRMB0GA1UdDgQWBBR4lxnizWgyw/i7MuRjOYfJf+zC
dTAfBgNVHSMEGDAWgBR4lxnizWgyw/i7MuRjOYfJf+zCdTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQCBpoMmsl4aD4TnYRG7LU0LVRJ39hb5l+6b
AjSR+15lsQIgIP0Sk8Ff1x0xP0XVuIwxv6i0RFpynxFDf5NNvjIzrg8=
-----END CERTIFICATE-----
)";

Outcome<certificatesv1::ClusterTrustBundle> made(std::string_view name, std::string_view signer, std::string_view bundle) {
  certificatesv1::ClusterTrustBundle object;
  object.mutable_metadata()->set_name(std::string(name));
  if (!signer.empty()) object.mutable_spec()->set_signername(std::string(signer));
  object.mutable_spec()->set_trustbundle(std::string(bundle));
  return create(std::move(object));
}

TEST(ClusterTrustBundleRules, HoldsCertificatesOfAuthorities) {
  EXPECT_TRUE(made("a", "", kAuthority).accepted()) << made("a", "", kAuthority);
  EXPECT_TRUE(made("a", "", "").refused("spec.trustBundle", kInvalid, "at least one trust anchor must be provided"));
  const auto twice = made("a", "", std::string(kAuthority) + std::string(kAuthority));
  EXPECT_TRUE(twice.refused("spec.trustBundle", kInvalid, "duplicate trust anchor (indices [0 1])")) << twice;
  const auto other = made("a", "", "-----BEGIN THING-----\nAAAA\n-----END THING-----\n");
  EXPECT_TRUE(other.refused("spec.trustBundle", kInvalid, "\"<value omitted>\": entry 0 has bad block type: THING")) << other;
  const auto broken = made("a", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_TRUE(broken.refused("spec.trustBundle", kInvalid, "entry 0 does not parse as X.509")) << broken;
}

TEST(ClusterTrustBundleRules, ItsNameTellsTheSigner) {
  EXPECT_TRUE(made("example.com:s:x", "example.com/s", kAuthority).accepted()) << made("example.com:s:x", "example.com/s", kAuthority);
  EXPECT_TRUE(made("x", "example.com/s", kAuthority).refused("metadata.name", kInvalid, "must be named with prefix example.com:s:"));
  EXPECT_TRUE(made("a:b", "", kAuthority).refused("metadata.name", kInvalid, "must not have \":\" in its name"));
  EXPECT_TRUE(made("s:x", "s", kAuthority).refused("spec.signerName", kInvalid, "must be a fully qualified domain and path"));
  EXPECT_TRUE(made("host:s:x", "host/s", kAuthority).refused("spec.signerName", kInvalid, "at least two segments"));
}

TEST(ClusterTrustBundleRules, TheSignerStays) {
  const auto old = made("example.com:s:x", "example.com/s", kAuthority).object;
  const auto next = update_with(old, [](auto& bundle) { bundle.mutable_spec()->set_signername("example.com/t"); });
  EXPECT_TRUE(next.refused("spec.signerName", kInvalid, "field is immutable")) << next;
  EXPECT_EQ(cells(old, at(0)), (std::vector<std::string>{"example.com:s:x", "example.com/s"}));
}

}  // namespace
}  // namespace stint
