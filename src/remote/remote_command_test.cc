#include "remote/remote_command.h"

#include <gtest/gtest.h>

#include "remote/remote_connection.h"

namespace stint {
namespace {

TEST(RemoteCommand, TheOutcomeOfACommandIsReadOffItsStatus) {
  EXPECT_EQ(exit_code_of(R"({"metadata":{},"status":"Success"})").value(), 0);
  EXPECT_EQ(
      exit_code_of(R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}})").value(),
      7);
  EXPECT_EQ(exit_code_of(R"({"status":"Failure","reason":"InternalError","message":"error executing command in container: no such file"})")
                .error()
                .message,
            "no such file");
  EXPECT_FALSE(exit_code_of("nonsense"));
  EXPECT_FALSE(exit_code_of(R"({"status":"Failure","reason":"NonZeroExitCode"})"));
}

TEST(RemoteConnection, WhatIsSaidAnewIsLeftOut) {
  EXPECT_EQ(without_forward_prefix("error forwarding port 80 to pod 5e2c, uid : dial: connection refused"), "dial: connection refused");
  EXPECT_EQ(without_forward_prefix("error forwarding port 80"), "error forwarding port 80");
  EXPECT_EQ(without_forward_prefix("else"), "else");
}

}  // namespace
}  // namespace stint
