#include "wire/pki.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <memory>

namespace stint {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr), &X509_free};
}

// What OpenSSL, and so curl and Python, says of a certificate to one who trusts the authority only.
std::string verdict(const std::string& certificate_pem, const std::string& authority_pem) {
  const Certificate authority = read_certificate(authority_pem), certificate = read_certificate(certificate_pem);
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trusted(X509_STORE_new(), &X509_STORE_free);
  X509_STORE_add_cert(trusted.get(), authority.get());
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_CTX_init(check.get(), trusted.get(), certificate.get(), nullptr);
  X509_verify_cert(check.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

TEST(Pki, IssuesCertificatesForTheHostsAsked) {
  const WallTime now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  auto authority = pki::make_authority("stint", now);
  ASSERT_TRUE(authority) << authority.error().message;
  auto server = pki::issue_server(*authority, {.common_name = "stint", .organizations = {}}, {"localhost", "127.0.0.1"}, now);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(pki::hosts_of(server->certificate_pem).value(), (std::vector<std::string>{"localhost", "127.0.0.1"}));
  EXPECT_GT(pki::expiry_of(server->certificate_pem).value(), now + std::chrono::days(800));
}

TEST(Pki, CertificatesAreTrustedByWhoeverTrustsTheAuthorityEvenUnderTheSameName) {
  const WallTime now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto authority = pki::make_authority("stint", now).value();
  const pki::Subject subject{.common_name = "stint", .organizations = {}};
  const auto server = pki::issue_server(authority, subject, {"127.0.0.1"}, now).value();
  const auto client = pki::issue_client(authority, subject, now).value();
  EXPECT_EQ(verdict(server.certificate_pem, authority.certificate_pem), "ok");
  EXPECT_EQ(verdict(client.certificate_pem, authority.certificate_pem), "ok");
  EXPECT_NE(verdict(server.certificate_pem, pki::make_authority("stint", now)->certificate_pem), "ok");
}

TEST(Pki, KnowsWhatBelongsTogether) {
  const WallTime now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto authority = pki::make_authority("stint", now).value(), other = pki::make_authority("stint", now).value();
  const auto server = pki::issue_server(authority, {.common_name = "stint", .organizations = {}}, {"127.0.0.1"}, now).value();
  EXPECT_TRUE(pki::belongs_to(authority, authority).value());
  EXPECT_TRUE(pki::belongs_to(server, authority).value());
  EXPECT_FALSE(pki::belongs_to(server, other).value());
  EXPECT_FALSE(pki::belongs_to({server.certificate_pem, authority.key_pem}, authority).value());
  EXPECT_FALSE(pki::belongs_to({"no certificate", server.key_pem}, authority));
}

}  // namespace
}  // namespace stint
