#include "server/auth/jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "api/base64.h"
#include "wire/openssl_ptr.h"

namespace stint {
namespace {

constexpr size_t kCoordinateBytes = 32;
// Tokens are a kilobyte or so; a longer one is none of ours.
constexpr size_t kTokenBytesMax = 16 * 1024;

using openssl::Bio;
using openssl::Key;
using Digest = openssl::Ptr<EVP_MD_CTX, EVP_MD_CTX_free>;
using Signature = openssl::Ptr<ECDSA_SIG, ECDSA_SIG_free>;
using Number = openssl::Ptr<BIGNUM, BN_free>;

Error key_error(std::string_view what) {
  ERR_clear_error();
  return Error{.reason = Reason::kInternalError, .message = "service account signing key: " + std::string(what)};
}

std::unexpected<Error> not_ours(std::string_view why) { return fail(Reason::kUnauthorized, std::string(why)); }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// OpenSSL writes signatures as DER, tokens as two numbers of fixed width.
std::string fixed_width(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return "";
  std::string out(2 * kCoordinateBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kCoordinateBytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kCoordinateBytes, kCoordinateBytes);
  return out;
}

std::string der_of(std::string_view fixed) {
  Signature signature(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes_of(fixed), kCoordinateBytes, nullptr)),
      s(BN_bin2bn(bytes_of(fixed) + kCoordinateBytes, kCoordinateBytes, nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.release(), s.release()) != 1) return "";
  unsigned char* text = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &text);
  if (size <= 0) return "";
  std::string out(reinterpret_cast<char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return out;
}

std::string coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return "";
  std::string bytes(kCoordinateBytes, '\0'), text;
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kCoordinateBytes);
  BN_free(number);
  append_base64url(bytes, text);
  return text;
}

std::string key_id(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return "";
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<size_t>(size), digest);
  OPENSSL_free(der);
  std::string id;
  append_base64url({reinterpret_cast<char*>(digest), sizeof digest}, id);
  return id;
}

bool is_p256(EVP_PKEY* key) {
  char group[32];
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == "prime256v1";
}

}  // namespace

struct SigningKey::State {
  Key key;
  std::string id;
  std::string header;  // encoded, with the dot behind it
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->id = key_id(state_->key.get());
  append_base64url(json::to_text(json::Members{{"alg", "ES256"}, {"kid", state_->id}}), state_->header);
  state_->header += '.';
}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  auto state = std::make_unique<State>();
  Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  state->key.reset(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  if (!state->key) return fail(key_error("the file holds no private key"));
  if (!is_p256(state->key.get())) return fail(key_error("it is no EC key on P-256"));
  return SigningKey(std::move(state));
}

Result<SigningKey> SigningKey::make() {
  auto state = std::make_unique<State>();
  state->key.reset(EVP_EC_gen("P-256"));
  if (!state->key) return fail(key_error("it cannot be made"));
  return SigningKey(std::move(state));
}

const std::string& SigningKey::id() const { return state_->id; }

json::Value SigningKey::key_set() const {
  EVP_PKEY* key = state_->key.get();
  return json::Members{{"keys", json::Array{json::Members{{"use", "sig"},
                                                          {"kty", "EC"},
                                                          {"kid", state_->id},
                                                          {"crv", "P-256"},
                                                          {"alg", "ES256"},
                                                          {"x", coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X)},
                                                          {"y", coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y)}}}}};
}

Result<std::string> SigningKey::sign(const json::Value& claims) const {
  std::string token = state_->header;
  append_base64url(json::to_text(claims), token);
  Digest digest(EVP_MD_CTX_new());
  std::string der(static_cast<size_t>(EVP_PKEY_get_size(state_->key.get())), '\0');
  size_t size = der.size();
  if (!digest || EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(der.data()), &size, bytes_of(token), token.size()) != 1) {
    return fail(key_error("it does not sign"));
  }
  der.resize(size);
  token += '.';
  append_base64url(fixed_width(der), token);
  return token;
}

Result<json::Value> SigningKey::verify(std::string_view token) const {
  const size_t first = token.find('.'), last = token.rfind('.');
  if (token.size() > kTokenBytesMax || first == std::string_view::npos || token.find('.', first + 1) != last || first == last) {
    return not_ours("invalid bearer token");
  }
  const auto header_text = decode_base64url(token.substr(0, first));
  const auto claims_text = decode_base64url(token.substr(first + 1, last - first - 1));
  const auto signature = decode_base64url(token.substr(last + 1));
  if (!header_text || !claims_text || !signature) return not_ours("invalid bearer token");
  const auto header = json::parse(*header_text);
  if (!header || header->string_at("alg") != "ES256") return not_ours("invalid bearer token");
  if (const auto id = header->string_at("kid"); !id.empty() && id != state_->id) return not_ours("invalid signature, no keys found");
  const std::string der = signature->size() == 2 * kCoordinateBytes ? der_of(*signature) : "";
  const std::string_view covered = token.substr(0, last);
  Digest digest(EVP_MD_CTX_new());
  const bool good = !der.empty() && digest && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) == 1 &&
                    EVP_DigestVerify(digest.get(), bytes_of(der), der.size(), bytes_of(covered), covered.size()) == 1;
  ERR_clear_error();
  if (!good) return not_ours("go-jose/go-jose: error in cryptographic primitive");
  auto claims = json::parse(*claims_text);
  if (!claims || !claims->is_object()) return not_ours("invalid bearer token");
  return *std::move(claims);
}

}  // namespace stint
