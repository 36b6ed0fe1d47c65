// The services of a container runtime that speaks CRI v1, as typed calls. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "runtime/cri/cri.pb.h"
#include "wire/grpc_client.h"

namespace stint::cri {

// Of calls that only tell; of those that start and stop things, whose runtime may have much to do; of pulls.
inline constexpr Duration kShortCall = std::chrono::seconds(10), kLongCall = std::chrono::minutes(4), kPull = std::chrono::hours(1);

class Service {
 public:
  // `endpoint`: "unix:///run/containerd/containerd.sock". kBadRequest: it is none.
  static Result<std::shared_ptr<Service>> open(Loop& loop, const std::string& endpoint);

  // runtime.v1.RuntimeService and runtime.v1.ImageService. kNotFound: the runtime does not know what was asked about.
  template <class Answer, class Question>
  Task<Result<Answer>> runtime(const char* method, Question question, Duration limit = kShortCall) {
    return call<Answer>(std::string("/runtime.v1.RuntimeService/") + method, question.SerializeAsString(), limit);
  }
  template <class Answer, class Question>
  Task<Result<Answer>> images(const char* method, Question question, Duration limit = kShortCall) {
    return call<Answer>(std::string("/runtime.v1.ImageService/") + method, question.SerializeAsString(), limit);
  }

  Loop& loop() { return loop_; }

 private:
  Service(Loop& loop, std::string path) : loop_(loop), client_(loop, std::move(path)) {}
  Task<Result<std::string>> send(std::string method, std::string question, Duration limit);

  template <class Answer>
  Task<Result<Answer>> call(std::string method, std::string question, Duration limit) {
    CO_TRY(const std::string bytes, co_await send(method, std::move(question), limit));
    Answer answer;
    if (!answer.ParseFromString(bytes)) co_return fail(Reason::kInternalError, method + ": the answer cannot be read");
    co_return answer;
  }

  Loop& loop_;
  grpc::Client client_;
};

}  // namespace stint::cri
