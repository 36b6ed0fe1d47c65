// DNS messages as bytes (RFC 1035, 2782, 6891): what is asked is read, what is answered is written, and of other servers' replies as much
// is read as it takes to trust them. Names in what is read are never followed to another place in the message, so the time that a message
// takes is bounded by its length. Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stint::dns {

enum class Rcode : uint8_t { kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5 };

// Types and the class of records. Any other number may be asked for too.
inline constexpr uint16_t kA = 1, kCname = 5, kPtr = 12, kAaaa = 28, kSrv = 33, kOpt = 41, kAny = 255;
inline constexpr uint16_t kInternet = 1;

inline constexpr size_t kQueryBytesMax = 4096;
inline constexpr size_t kMessageBytesMax = 65535;
// What a datagram may hold: of clients that say nothing, and the most that is sent to others, so that none is cut into pieces on its way.
inline constexpr size_t kPlainDatagramBytes = 512, kDatagramBytesMax = 1232;

// Labels in lower case, the leaf first; the root has none.
using Name = std::vector<std::string>;
// Nothing for what is no name: an empty label, one above 63 bytes, 255 in all. A dot at the end is fine.
std::optional<Name> parse_name(std::string_view text);
// The labels of `name` before those of `domain`; nothing if it does not end so.
std::optional<Name> labels_below(const Name& name, const Name& domain);

struct Question {
  Name name;
  uint16_t type = 0, klass = 0;
  bool operator==(const Question&) const = default;
};

struct Query {
  uint16_t id = 0;
  bool recursion_desired = false;
  Question question;
  std::string question_bytes;  // as they came: a client may compare letters
  bool extended = false;       // it has an OPT record, so the reply has one
  size_t datagram_bytes_max = kPlainDatagramBytes;
};
// The error is the reply that says why; "" if none is due.
std::expected<Query, std::string> parse_query(std::string_view bytes);

struct Record {
  Name owner;
  uint16_t type = 0;
  uint32_t ttl_seconds = 0;
  std::string data;
};
Record address_record(Name owner, uint32_t address);
Record alias_record(Name owner, const Name& target);
Record pointer_record(Name owner, const Name& target);
Record service_record(Name owner, uint16_t port, const Name& target);

struct Answer {
  Rcode rcode = Rcode::kNoError;
  bool authoritative = true;
  std::vector<Record> records;
  std::vector<Record> additional;  // left out where there is no room
};
// Of records that find no room the reply says that it is cut off.
std::string encode(const Query& query, const Answer& answer, size_t bytes_max);

// --- other servers' replies ---

// The same message under another id. REQUIRES: a header's bytes at least.
std::string with_id(std::string bytes, uint16_t id);
// Whether it is a reply to that question under that id.
bool replies_to(std::string_view reply, uint16_t id, const Question& question);
// Of a reply for which that holds:
bool is_truncated(std::string_view reply);
Rcode rcode_of(std::string_view reply);
// A query for that name, as a client would send it.
std::string encode_query(uint16_t id, const Question& question);
// The addresses in the answer, of kA or kAaaa, whosever they are, now owned by `owner`.
std::vector<Record> addresses_of(std::string_view reply, uint16_t type, const Name& owner);

}  // namespace stint::dns
