#include "server/continue_token.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

TEST(ContinueToken, ComesBackAsItWent) {
  for (const std::string key : {"a", "default/ab", "default/abc", "kube-system/abcd"}) {
    const auto token = decode_continue_token(encode_continue_token({.revision = 42, .last_key = key}));
    ASSERT_TRUE(token);
    EXPECT_EQ(token->revision, 42);
    EXPECT_EQ(token->last_key, key);
  }
  EXPECT_FALSE(decode_continue_token(encode_continue_token({.last_key = "a"}))->revision.has_value());
}

TEST(ContinueToken, HasUpstreamsForm) {
  // base64url of {"v":"meta.k8s.io/v1","rv":7,"start":"default/a\u0000"}
  EXPECT_EQ(encode_continue_token({.revision = 7, .last_key = "default/a"}),
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Nywic3RhcnQiOiJkZWZhdWx0L2FcdTAwMDAifQ");
}

TEST(ContinueToken, RefusesWhatIsNotOne) {
  for (const char* text : {"", "!", "e30", "eyJ2IjoieCJ9"}) EXPECT_FALSE(decode_continue_token(text)) << text;
  EXPECT_EQ(decode_continue_token("x").error().message,
            "invalid continue token: continue key is not valid: illegal base64 data at input byte 0");
  EXPECT_EQ(decode_continue_token("eyJ2IjoieCJ9").error().message,
            "invalid continue token: continue key is not valid: server does not recognize this encoded version x");
}

}  // namespace
}  // namespace stint
