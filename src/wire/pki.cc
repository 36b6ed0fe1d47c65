#include "wire/pki.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "wire/openssl_ptr.h"

namespace stint::pki {
namespace {

constexpr long kAuthorityDays = 3650;
constexpr long kLeafDays = 825;
// A clock that runs a little behind the client's must not make a new certificate invalid.
constexpr long kSkewSeconds = 3600;

using openssl::Bio;
using openssl::Certificate;
using openssl::Key;
using Names = openssl::Ptr<GENERAL_NAMES, GENERAL_NAMES_free>;

Error openssl_error(std::string_view what) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return Error{.reason = Reason::kInternalError, .message = std::string(what) + ": " + text};
}

std::string take_text(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Bio read_bio(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Result<Certificate> read_certificate(std::string_view pem) {
  Certificate certificate(PEM_read_bio_X509(read_bio(pem).get(), nullptr, nullptr, nullptr));
  if (!certificate) return fail(openssl_error("read certificate"));
  return certificate;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_subject(X509* certificate, const Subject& subject) {
  X509_NAME* name = X509_get_subject_name(certificate);
  auto add = [name](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  for (const auto& organization : subject.organizations) {
    if (!add("O", organization)) return false;
  }
  return add("CN", subject.common_name);
}

bool set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

// A certificate with its key.
struct Issuer {
  Certificate certificate;
  Key key;
};

using Extensions = std::vector<std::pair<int, std::string>>;

// issuer null: self-signed.
Result<KeyPair> issue(const Issuer* issuer, const Subject& subject, const Extensions& extensions, long days, WallTime now) {
  Key key(EVP_EC_gen("P-256"));
  Certificate certificate(X509_new());
  if (!key || !certificate) return fail(openssl_error("make key"));
  time_t start = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  X509* issuer_certificate = issuer != nullptr ? issuer->certificate.get() : certificate.get();
  bool ok = X509_set_version(certificate.get(), 2) == 1 && set_serial(certificate.get()) && set_subject(certificate.get(), subject) &&
            X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer_certificate)) == 1 &&
            X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0, -kSkewSeconds, &start) != nullptr &&
            X509_time_adj_ex(X509_getm_notAfter(certificate.get()), static_cast<int>(days), 0, &start) != nullptr &&
            X509_set_pubkey(certificate.get(), key.get()) == 1;
  for (const auto& [nid, value] : extensions) ok = ok && add_extension(certificate.get(), issuer_certificate, nid, value);
  ok = ok && X509_sign(certificate.get(), issuer != nullptr ? issuer->key.get() : key.get(), EVP_sha256()) != 0;
  Bio certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  // The older form of the key says that it is one of an elliptic curve: Java clients take one that does not for RSA.
  ok = ok && PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
       PEM_write_bio_PrivateKey_traditional(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!ok) return fail(openssl_error("make certificate"));
  return KeyPair{take_text(certificate_text), take_text(key_text)};
}

Result<Issuer> read_issuer(const KeyPair& authority) {
  Issuer issuer;
  TRY(issuer.certificate, read_certificate(authority.certificate_pem));
  issuer.key.reset(PEM_read_bio_PrivateKey(read_bio(authority.key_pem).get(), nullptr, nullptr, nullptr));
  if (!issuer.key) return fail(openssl_error("read key"));
  return issuer;
}

bool is_ip_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

Result<KeyPair> make_authority(std::string_view common_name, WallTime now) {
  // Never the name of what it signs: OpenSSL takes a certificate whose issuer is its own subject for self-signed, and refuses it.
  return issue(nullptr, Subject{.common_name = std::string(common_name) + "-ca", .organizations = {}},
               {{NID_basic_constraints, "critical,CA:TRUE"},
                {NID_key_usage, "critical,digitalSignature,keyCertSign"},
                {NID_subject_key_identifier, "hash"}},
               kAuthorityDays, now);
}

Result<KeyPair> issue_server(const KeyPair& authority, const Subject& subject, const std::vector<std::string>& hosts, WallTime now) {
  TRY(Issuer issuer, read_issuer(authority));
  std::string names;
  for (const auto& host : hosts) names += (names.empty() ? "" : ",") + std::string(is_ip_address(host) ? "IP:" : "DNS:") + host;
  return issue(&issuer, subject,
               {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature"},
                {NID_ext_key_usage, "serverAuth"},
                {NID_authority_key_identifier, "keyid"},
                {NID_subject_alt_name, names}},
               kLeafDays, now);
}

Result<KeyPair> issue_client(const KeyPair& authority, const Subject& subject, WallTime now) {
  TRY(Issuer issuer, read_issuer(authority));
  return issue(&issuer, subject,
               {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature"},
                {NID_ext_key_usage, "clientAuth"},
                {NID_authority_key_identifier, "keyid"}},
               kLeafDays, now);
}

Result<std::string> make_signing_key() {
  Key key(EVP_EC_gen("P-256"));
  Bio text(BIO_new(BIO_s_mem()));
  if (!key || !text || PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(openssl_error("make signing key"));
  }
  return take_text(text);
}

Result<std::vector<std::string>> hosts_of(std::string_view certificate_pem) {
  TRY(Certificate certificate, read_certificate(certificate_pem));
  std::vector<std::string> hosts;
  Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return hosts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      hosts.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      const bool v4 = ASN1_STRING_length(name->d.iPAddress) == 4;
      char text[INET6_ADDRSTRLEN];
      if (inet_ntop(v4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text) != nullptr)
        hosts.emplace_back(text);
    }
  }
  return hosts;
}

Result<bool> belongs_to(const KeyPair& pair, const KeyPair& authority) {
  TRY(const Issuer own, read_issuer(pair));
  TRY(const Certificate issuer, read_certificate(authority.certificate_pem));
  const bool match = X509_check_private_key(own.certificate.get(), own.key.get()) == 1;
  const bool signed_by = X509_verify(own.certificate.get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return match && signed_by;
}

Result<WallTime> expiry_of(std::string_view certificate_pem) {
  TRY(Certificate certificate, read_certificate(certificate_pem));
  tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &utc) != 1) return fail(openssl_error("read certificate"));
  return WallTime(std::chrono::seconds(timegm(&utc)));
}

}  // namespace stint::pki
