#include "image/credential_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "api/json.h"
#include "os/pidfd.h"
#include "os/spawn.h"

namespace stint {
namespace {

constexpr int kAnswerMillisecondsMax = 20'000;

}  // namespace

Result<RegistryCredentials> ask_credential_helper(const std::string& name, const std::string& host) {
  const std::string what = "credential helper docker-credential-" + name + ": ";
  TRY(const std::string program, os::find_program("docker-credential-" + name));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(errno_error("make a pipe", errno));
  const os::Descriptor question(ends[0]);
  {
    const os::Descriptor writer(ends[1]);
    TRY_VOID(os::write_all(writer.get(), host));  // shorter than a pipe's buffer
  }
  std::vector<std::string> env;
  for (const char* variable : {"PATH", "HOME"}) {
    if (const char* value = getenv(variable)) env.push_back(std::string(variable) + "=" + value);
  }
  TRY(os::Child child, os::spawn({.args = {program, "get"}, .env = env, .input = question.get()}));
  pollfd ended{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  // Its answer is smaller than a pipe's buffer: it does not wait for a reader.
  if (poll(&ended, 1, kAnswerMillisecondsMax) != 1) return fail(Reason::kTimeout, what + "no answer in time");
  TRY(const int code, child.wait());
  bool end = false;
  TRY(const std::string answer, os::read_available(child.out(), os::kOutputBytesMax, &end));
  if (code != 0) return fail(Reason::kNotFound, what + "exit code " + std::to_string(code));
  const auto document = json::parse(answer);
  if (!document) return fail(Reason::kInvalid, what + "its answer is not JSON");
  RegistryCredentials credentials{.username = std::string(document->string_at("Username"))};
  std::string secret(document->string_at("Secret"));
  if (credentials.username == "<token>") {  // as Docker marks it
    credentials.username.clear();
    credentials.identity_token = std::move(secret);
  } else {
    credentials.password = std::move(secret);
  }
  return credentials;
}

}  // namespace stint
