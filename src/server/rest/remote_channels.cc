#include "server/rest/remote_channels.h"

#include "api/json.h"

namespace stint::rest {
namespace {

std::string non_zero(const std::string& code) {
  return "command terminated with non-zero exit code: command terminated with exit code " + code;
}

}  // namespace

std::string outcome_status(const Result<int>& exit_code) {
  if (!exit_code) {
    return json::to_text(json::Members{{"metadata", json::Members{}},
                                       {"status", "Failure"},
                                       {"message", "Internal error occurred: " + exit_code.error().message},
                                       {"reason", "InternalError"},
                                       {"code", 500}});
  }
  if (*exit_code == 0) return R"({"metadata":{},"status":"Success"})";
  const std::string code = std::to_string(*exit_code);
  return json::to_text(json::Members{
      {"metadata", json::Members{}},
      {"status", "Failure"},
      {"message", non_zero(code)},
      {"reason", "NonZeroExitCode"},
      {"details", json::Members{{"causes", json::Array{json::Members{{"reason", "ExitCode"}, {"message", code}}}}}},
  });
}

std::string outcome_sentence(const Result<int>& exit_code) {
  if (!exit_code) return "Internal error occurred: " + exit_code.error().message;
  return *exit_code == 0 ? "" : non_zero(std::to_string(*exit_code));
}

void resize_session(std::string_view text, ExecSession& session) {
  const auto size = json::parse(text);
  if (!size) return;
  const json::Value *width = size->find("Width"), *height = size->find("Height");
  if (width == nullptr || height == nullptr || !width->is_int() || !height->is_int()) return;
  session.resize(static_cast<int>(width->as_int()), static_cast<int>(height->as_int()));
}

}  // namespace stint::rest
