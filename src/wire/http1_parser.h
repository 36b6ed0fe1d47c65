// One HTTP/1.1 request read off bytes as they come, by Boost.Beast's parser. No I/O; loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wire/http.h"

namespace stint::http {

class Http1Parser {
 public:
  enum class State { kWantsMore, kDone, kRefused };

  // REQUIRES: the limits outlive it.
  explicit Http1Parser(const Limits& limits);
  explicit Http1Parser(const Limits&& limits) = delete;
  ~Http1Parser();

  // Takes off the front of `input` what belongs to the request. REQUIRES: the state was kWantsMore.
  State feed(std::string& input);

  size_t body_bytes() const;
  // The head is there, and the client waits for "100 Continue" before it sends the body.
  bool waits_for_continue() const;
  // kDone: sets all but what is known of the client otherwise.
  void take(Request& request);
  bool keep_alive() const;
  bool is_http10() const;
  // kRefused: the answer's status, 0 for none, and a sentence.
  int status() const { return status_; }
  const std::string& sentence() const { return sentence_; }

 private:
  struct Parts;
  State refuse(int status, std::string sentence);
  std::unique_ptr<Parts> parts_;
  const Limits& limits_;
  size_t head_bytes_ = 0;
  int status_ = 0;
  std::string sentence_;
};

}  // namespace stint::http
