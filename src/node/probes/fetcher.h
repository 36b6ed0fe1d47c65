// Asks containers over the network: HTTP/1.1 and HTTP/2, with TLS that checks no certificate, or a mere TCP connection. One thread of
// libcurl does all of it, so a container that never answers holds up nobody else. No proxy, no connection is used twice, no redirect is
// followed. Loop thread only; the thread begins with the first fetch.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"

namespace stint {

struct FetchRequest {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  bool http2 = false;                // also without TLS, where the server has to know
  bool connect_only = false;         // of the URL, host and port count alone
  bool post = false;
  std::string body;     // of a post
  Duration timeout{0};  // for all of it; 0: none
};

struct FetchAnswer {
  enum class Kind { kAnswered, kTimedOut, kNotTls, kFailed };
  Kind kind = Kind::kFailed;
  int status = 0;
  std::string body;                            // its first 10 KiB
  std::string location;                        // where a redirect leads, absolute
  std::map<std::string, std::string> headers;  // names in lower case; also those after the body
  std::string error;                           // unless answered
};

class Fetcher {
 public:
  static constexpr size_t kBodyBytesMax = 10 * 1024;
  static constexpr size_t kHeaderBytesMax = 64 * 1024;
  static constexpr size_t kAtOnceMax = 4096;  // more fail at once

  explicit Fetcher(Loop& loop);
  ~Fetcher();  // gives up what is under way, and waits for the thread

  Task<FetchAnswer> fetch(FetchRequest request);

 private:
  class Worker;
  Loop& loop_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace stint
