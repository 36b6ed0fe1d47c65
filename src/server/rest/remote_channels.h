// The client's end of an exec or attach session: how it sends input and terminal sizes, and is told output and the end. Two forms:
// websocket_channels.h, spdy_channels.h. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "api/pod_exec.h"

namespace stint::rest {

// What a request wants of a session.
struct Streams {
  bool in = false, out = false, err = false;
  bool tty = false;  // as the client has it: it sends sizes
};

class Channels {
 public:
  virtual ~Channels() = default;
  // Once, first. False: the client is not there, or did not open what it asked for.
  virtual Task<bool> open() = 0;
  // From the client to the session, until the client is gone. Input is read and dropped once nobody reads it any more.
  virtual Task<void> pass_input(ExecSession& session) = 0;
  // False: the client does not take it.
  virtual Task<bool> send(ExecSession::Stream stream, std::string bytes) = 0;
  // How it ended, and the end.
  virtual Task<void> finish(Result<int> exit_code) = 0;
};

// The end as clients are told it: a Status as JSON, or, to those that speak versions before 4, a sentence, "" for success.
std::string outcome_status(const Result<int>& exit_code);
std::string outcome_sentence(const Result<int>& exit_code);

// {"Width":80,"Height":24}; what is no size is read over.
void resize_session(std::string_view text, ExecSession& session);

}  // namespace stint::rest
