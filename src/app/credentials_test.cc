#include "app/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/sim_loop.h"
#include "os/file.h"
#include "store/temp_dir.h"

namespace stint {
namespace {

class CredentialsTest : public testing::Test {
 protected:
  Credentials load(const std::string& host = "127.0.0.1") {
    auto loaded = load_credentials(dir(), {host}, loop_.clock(), loop_.rng());
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded.value_or(Credentials{});
  }
  static bool fits(const Credentials& made) {
    return pki::belongs_to(made.server, made.authority).value() && pki::belongs_to(made.admin, made.authority).value();
  }
  std::string dir() const { return dir_ / "data"; }
  std::string file(const std::string& name) const { return dir() + "/pki/" + name; }

  TempDir dir_;
  SimLoop loop_{WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2))};
};

TEST_F(CredentialsTest, AreTheSameAtEveryStart) {
  const Credentials first = load(), second = load();
  EXPECT_TRUE(fits(first));
  EXPECT_EQ(second.authority.certificate_pem, first.authority.certificate_pem);
  EXPECT_EQ(second.server.certificate_pem, first.server.certificate_pem);
  EXPECT_EQ(second.admin.key_pem, first.admin.key_pem);
  EXPECT_EQ(second.admin_token, first.admin_token);
}

TEST_F(CredentialsTest, AreForTheirOwnerAlone) {
  load();
  for (const char* name : {"ca.key", "server.key", "admin.key", "admin.token"}) {
    EXPECT_EQ(std::filesystem::status(file(name)).permissions(), std::filesystem::perms(0600)) << name;
  }
}

TEST_F(CredentialsTest, HoldForTheHostThatIsAskedFor) {
  const Credentials first = load(), second = load("192.0.2.7");
  EXPECT_EQ(second.authority.certificate_pem, first.authority.certificate_pem);
  EXPECT_NE(second.server.certificate_pem, first.server.certificate_pem);
}

TEST_F(CredentialsTest, AreRenewedBeforeTheyExpire) {
  const Credentials first = load();
  loop_.jump_wall_clock(std::chrono::days(800));
  const Credentials second = load();
  EXPECT_EQ(second.authority.certificate_pem, first.authority.certificate_pem);
  EXPECT_NE(second.server.certificate_pem, first.server.certificate_pem);
  EXPECT_TRUE(fits(second));
}

// As a kill between two of the writes of a renewal leaves it.
TEST_F(CredentialsTest, FitTogetherWhateverWasWrittenLast) {
  for (const char* name : {"ca", "server", "admin"}) {
    load();
    const std::string old = os::read_file(file(name) + ".crt", 1 << 16).value();
    std::filesystem::remove(file(name) + ".key");
    const Credentials renewed = load();
    ASSERT_TRUE(os::write_file_atomically(file(name) + ".crt", old, os::Durability::kVisible));
    EXPECT_TRUE(fits(load())) << name;
    EXPECT_TRUE(fits(renewed)) << name;
  }
}

}  // namespace
}  // namespace stint
