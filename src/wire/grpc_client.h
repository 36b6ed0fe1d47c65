// gRPC over a Unix socket, as far as container runtimes need it: unary calls, many at once on one connection, over libnghttp2. A connection
// that is lost fails the calls on it; the next one connects anew. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "base/result.h"

namespace stint::grpc {

class Connection;

// The numbers of gRPC's own statuses that callers look at.
inline constexpr int kNotFound = 5, kUnimplemented = 12;

struct Answer {
  int status = 0;       // 0: well
  std::string message;  // of another status
  std::string body;     // the message's bytes
};

class Client {
 public:
  static constexpr size_t kMessageBytesMax = 32 * 1024 * 1024;

  Client(Loop& loop, std::string socket_path);
  ~Client();

  // `method`: "/runtime.v1.RuntimeService/Version". kServiceUnavailable: nobody answers there. Waits without end: give it a time limit.
  Task<Result<Answer>> call(std::string method, std::string message);

 private:
  Task<Result<void>> connect();

  Loop& loop_;
  const std::string path_;
  std::shared_ptr<Connection> connection_;
  bool connecting_ = false;
  Event connected_;
};

}  // namespace stint::grpc
