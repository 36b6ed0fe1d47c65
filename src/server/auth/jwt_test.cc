#include "server/auth/jwt.h"

#include <gtest/gtest.h>

#include "wire/pki.h"

namespace stint {
namespace {

json::Value claims() { return json::Members{{"iss", "me"}, {"exp", 17}}; }

TEST(SigningKey, VerifiesWhatItSigned) {
  const SigningKey key = SigningKey::make().value();
  const std::string token = key.sign(claims()).value();
  EXPECT_EQ(key.verify(token).value(), claims());
}

TEST(SigningKey, RefusesWhatAnotherKeySigned) {
  const SigningKey key = SigningKey::make().value(), other = SigningKey::make().value();
  EXPECT_EQ(key.verify(other.sign(claims()).value()).error().reason, Reason::kUnauthorized);
}

TEST(SigningKey, RefusesChangedTokens) {
  const SigningKey key = SigningKey::make().value();
  const std::string token = key.sign(claims()).value();
  for (size_t i = 0; i + 1 < token.size(); i += 7) {  // the last letter has bits that count for nothing
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(key.verify(changed).has_value()) << i;
  }
  for (std::string_view wrong : {"", ".", "..", "a.b", "a.b.c", "a.b.c.d"}) EXPECT_FALSE(key.verify(wrong).has_value()) << wrong;
}

TEST(SigningKey, NeverTakesAnUnsignedToken) {
  const SigningKey key = SigningKey::make().value();
  EXPECT_FALSE(key.verify("eyJhbGciOiJub25lIn0.eyJpc3MiOiJtZSJ9.").has_value());
}

TEST(SigningKey, IsReadFromItsFileWithTheSameId) {
  const std::string pem = pki::make_signing_key().value();
  const SigningKey key = SigningKey::from_pem(pem).value(), again = SigningKey::from_pem(pem).value();
  EXPECT_EQ(key.id(), again.id());
  EXPECT_TRUE(again.verify(key.sign(claims()).value()).has_value());
  EXPECT_FALSE(SigningKey::from_pem("nonsense").has_value());
}

TEST(SigningKey, PublishesItsPublicKeyOnly) {
  const SigningKey key = SigningKey::make().value();
  const json::Value set = key.key_set();
  const json::Value& one = set.find("keys")->as_array().at(0);
  EXPECT_EQ(one.string_at("kid"), key.id());
  EXPECT_EQ(one.string_at("x").size(), 43u);
  EXPECT_EQ(one.find("d"), nullptr);
}

}  // namespace
}  // namespace stint
