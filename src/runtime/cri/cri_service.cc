#include "runtime/cri/cri_service.h"

namespace stint::cri {

Result<std::shared_ptr<Service>> Service::open(Loop& loop, const std::string& endpoint) {
  static constexpr std::string_view kScheme = "unix://";
  if (!endpoint.starts_with(std::string(kScheme) + "/")) {
    return fail(Reason::kBadRequest, "\"" + endpoint + "\" is no endpoint of a container runtime: write unix:///PATH with --cri-endpoint");
  }
  return std::shared_ptr<Service>(new Service(loop, endpoint.substr(kScheme.size())));
}

Task<Result<std::string>> Service::send(std::string method, std::string question, Duration limit) {
  auto answer = co_await with_timeout(loop_, limit, client_.call(method, std::move(question)));
  if (!answer) co_return fail(Reason::kTimeout, method + ": no answer from the container runtime");
  if (!*answer) co_return std::unexpected(std::move(*answer).error());
  grpc::Answer& told = **answer;
  if (told.status == grpc::kNotFound) co_return fail(Reason::kNotFound, std::move(told.message));
  if (told.status == grpc::kUnimplemented) co_return fail(Reason::kMethodNotAllowed, method + ": " + told.message);
  if (told.status != 0) co_return fail(Reason::kInternalError, std::move(told.message));
  co_return std::move(told.body);
}

}  // namespace stint::cri
