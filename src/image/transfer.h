// One request to a registry by libcurl, with a limit on every wait, and the second tries that a busy registry or a broken line needs.
// Blocking; one object a pull, any one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stint {

// How long a transfer waits, and for what.
struct Patience {
  int tries_max = 4;                                                      // in a row that bring nothing new
  std::chrono::milliseconds first_wait = std::chrono::milliseconds(500);  // before the second try, doubling
  std::chrono::seconds asked_wait_max = std::chrono::seconds(20);         // a longer Retry-After is left to the caller's own back-off
  int breaks_max = 100;                                                   // of the line in one transfer, though each brought news
  long stall_seconds = 60;                                                // slower than 1 KiB/s for so long is a stall
};

struct HttpReply {
  long status = 0;
  std::string content_type;
  std::string authenticate;  // WWW-Authenticate
  long retry_after_seconds = 0;
  std::string body;  // of an error, up to a limit
};

// Gets the bytes of a 200 or 206 and where they stand in the whole; offset 0 may come again: what came before is void then. False ends
// the transfer.
using BodySink = std::function<bool(int64_t offset, std::string_view bytes)>;

// How the other side is spoken to.
struct TransferSecurity {
  bool plain_http = false;   // http:// is allowed too
  std::string ca_file;       // "": the machine's authorities
  bool skip_verify = false;  // of the certificate
};

class Transfer {
 public:
  // A stop request ends a transfer or a wait with an error within about a second.
  Transfer(Patience patience, TransferSecurity security, std::stop_token stop);
  Transfer(Transfer&& other) noexcept;
  ~Transfer();

  struct Request {
    std::string url, accept, authorization;  // the latter two are whole headers' values, "" for none
    std::string form = {};                   // the body of a POST; "": a GET
    bool resume = false;                     // the body is the same whenever it is asked for: a broken download may go on in the middle
  };
  // Tries again after 408, 429 and 5xx, and after a connection that broke: then from where it broke, if that is allowed and the registry
  // can do it.
  // An error only when there was no answer; else the last answer, whatever its status.
  Result<HttpReply> get(const Request& request, const BodySink& sink);
  std::string escape(const std::string& text) const;

 private:
  struct Once;
  Once get_once(const Request& request, const BodySink& sink, int64_t offset);
  bool pause(std::chrono::milliseconds wait) const;  // false: stopped

  struct Handle;
  std::unique_ptr<Handle> handle_;
  Patience patience_;
  TransferSecurity security_;
  std::stop_token stop_;
};

}  // namespace stint
