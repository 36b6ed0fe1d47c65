#include "node/dns/message.h"

#include <algorithm>

namespace stint::dns {
namespace {

constexpr size_t kHeaderBytes = 12, kLabelBytesMax = 63, kNameBytesMax = 255;
constexpr uint16_t kReplyBit = 0x8000, kAuthoritativeBit = 0x0400, kTruncatedBit = 0x0200, kRecursionDesiredBit = 0x0100,
                   kRecursionAvailableBit = 0x0080, kOpcodeMask = 0x7800, kRcodeMask = 0x000f;
constexpr uint32_t kTtlSeconds = 5;  // pods come and go faster than on other clusters
constexpr size_t kCopiedRecordsMax = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void put16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}
void put32(std::string& out, uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void put_name(std::string& out, const Name& name) {
  for (const std::string& label : name) {
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
}

// Reads on from a place; after the first thing that is not there nothing is, and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t at() const { return at_; }
  std::string_view take(size_t size) {
    if (!ok_ || size > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  uint16_t number16() {
    const std::string_view two = take(2);
    return ok_ ? static_cast<uint16_t>(static_cast<uint8_t>(two[0]) << 8 | static_cast<uint8_t>(two[1])) : 0;
  }
  uint32_t number32() {
    const uint32_t high = number16();
    return high << 16 | number16();
  }
  // One without a pointer, as the first name of a message has to be: there is nothing before it.
  Name name() {
    Name labels;
    for (size_t size = 0; ok_;) {
      const size_t length = length_byte();
      size += length + 1;
      if (length > kLabelBytesMax || size > kNameBytesMax) ok_ = false;
      if (!ok_ || length == 0) break;
      std::string label(take(length));
      std::ranges::transform(label, label.begin(), lower);
      labels.push_back(std::move(label));
    }
    return labels;
  }
  void skip_name() {
    constexpr size_t kPointer = 0xc0;
    for (size_t length = 1; ok_ && length != 0;) {
      length = length_byte();
      if (length >= kPointer) {
        take(1);
        return;
      }
      if (length > kLabelBytesMax) ok_ = false;
      take(length);
    }
  }

 private:
  size_t length_byte() {
    const std::string_view one = take(1);
    return ok_ ? static_cast<uint8_t>(one[0]) : 0;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

struct Header {
  uint16_t id, flags, questions, answers, authorities, additionals;
};
Header read_header(Reader& reader) {
  Header header{};
  for (uint16_t* field : {&header.id, &header.flags, &header.questions, &header.answers, &header.authorities, &header.additionals})
    *field = reader.number16();
  return header;
}

Question read_question(Reader& reader) {
  Question question{.name = reader.name()};
  question.type = reader.number16();
  question.klass = reader.number16();
  return question;
}

struct RawRecord {
  uint16_t type, klass;
  uint32_t ttl_seconds;
  std::string_view data;
};
RawRecord read_record(Reader& reader) {
  RawRecord record{};
  reader.skip_name();
  record.type = reader.number16();
  record.klass = reader.number16();
  record.ttl_seconds = reader.number32();
  record.data = reader.take(reader.number16());
  return record;
}

void put_header(std::string& out, const Header& header) {
  for (const uint16_t field : {header.id, header.flags, header.questions, header.answers, header.authorities, header.additionals})
    put16(out, field);
}

std::string bare_reply(const Header& asked, Rcode rcode) {
  std::string out;
  const auto flags = static_cast<uint16_t>(kReplyBit | (asked.flags & (kOpcodeMask | kRecursionDesiredBit)) | static_cast<uint16_t>(rcode));
  put_header(out, {.id = asked.id, .flags = flags});
  return out;
}

Record make_record(Name owner, uint16_t type, std::string data) { return {std::move(owner), type, kTtlSeconds, std::move(data)}; }

void put_record(std::string& out, const Record& record, const Name& question) {
  constexpr uint16_t kPointerToQuestion = 0xc000 | kHeaderBytes;
  if (record.owner == question && !question.empty()) {
    put16(out, kPointerToQuestion);
  } else {
    put_name(out, record.owner);
  }
  put16(out, record.type);
  put16(out, kInternet);
  put32(out, record.ttl_seconds);
  put16(out, record.data.size());
  out += record.data;
}

// How many went in, from the first on.
uint16_t put_records(std::string& out, const std::vector<Record>& records, const Name& question, size_t bytes_max) {
  uint16_t count = 0;
  for (const Record& record : records) {
    const size_t before = out.size();
    put_record(out, record, question);
    if (out.size() > bytes_max) {
      out.resize(before);
      break;
    }
    ++count;
  }
  return count;
}

std::string option_record() {
  std::string out(1, '\0');
  put16(out, kOpt);
  put16(out, kDatagramBytesMax);  // where others have the class
  put32(out, 0);
  put16(out, 0);
  return out;
}

}  // namespace

std::optional<Name> parse_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  Name name;
  size_t bytes = 1;
  while (!text.empty()) {
    const size_t dot = text.find('.');
    std::string label(text.substr(0, dot));
    if (label.empty() || label.size() > kLabelBytesMax) return std::nullopt;
    std::ranges::transform(label, label.begin(), lower);
    bytes += label.size() + 1;
    name.push_back(std::move(label));
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
    if (text.empty()) return std::nullopt;
  }
  if (bytes > kNameBytesMax) return std::nullopt;
  return name;
}

std::optional<Name> labels_below(const Name& name, const Name& domain) {
  if (name.size() < domain.size() || !std::equal(domain.rbegin(), domain.rend(), name.rbegin())) return std::nullopt;
  return Name(name.begin(), name.end() - static_cast<std::ptrdiff_t>(domain.size()));
}

std::expected<Query, std::string> parse_query(std::string_view bytes) {
  Reader reader(bytes);
  const Header header = read_header(reader);
  // Replying to a reply could go on for ever.
  if (!reader.ok() || (header.flags & kReplyBit) != 0) return std::unexpected("");
  if ((header.flags & kOpcodeMask) != 0) return std::unexpected(bare_reply(header, Rcode::kNotImp));
  const auto malformed = [&] { return std::unexpected(bare_reply(header, Rcode::kFormErr)); };
  if (header.questions != 1 || bytes.size() > kQueryBytesMax) return malformed();
  Query query{.id = header.id, .recursion_desired = (header.flags & kRecursionDesiredBit) != 0, .question = read_question(reader)};
  if (!reader.ok()) return malformed();
  query.question_bytes = bytes.substr(kHeaderBytes, reader.at() - kHeaderBytes);
  for (int left = header.answers + header.authorities + header.additionals; left > 0; --left) {
    const RawRecord record = read_record(reader);
    if (!reader.ok()) return malformed();
    if (record.type != kOpt) continue;
    query.extended = true;
    query.datagram_bytes_max = std::clamp<size_t>(record.klass, kPlainDatagramBytes, kDatagramBytesMax);
  }
  return query;
}

Record address_record(Name owner, uint32_t address) {
  std::string data;
  put32(data, address);
  return make_record(std::move(owner), kA, std::move(data));
}

Record alias_record(Name owner, const Name& target) {
  std::string data;
  put_name(data, target);
  return make_record(std::move(owner), kCname, std::move(data));
}

Record pointer_record(Name owner, const Name& target) {
  std::string data;
  put_name(data, target);
  return make_record(std::move(owner), kPtr, std::move(data));
}

Record service_record(Name owner, uint16_t port, const Name& target) {
  constexpr uint16_t kPriority = 0, kWeight = 100;
  std::string data;
  put16(data, kPriority);
  put16(data, kWeight);
  put16(data, port);
  put_name(data, target);
  return make_record(std::move(owner), kSrv, std::move(data));
}

std::string encode(const Query& query, const Answer& answer, size_t bytes_max) {
  const std::string option = query.extended ? option_record() : std::string();
  std::string body = query.question_bytes;
  const size_t room = bytes_max - std::min(bytes_max, kHeaderBytes + option.size());
  const uint16_t answers = put_records(body, answer.records, query.question.name, room);
  const bool cut_off = answers < answer.records.size();
  uint16_t additionals = cut_off ? 0 : put_records(body, answer.additional, query.question.name, room);
  if (query.extended) ++additionals;
  auto flags = static_cast<uint16_t>(kReplyBit | kRecursionAvailableBit | static_cast<uint16_t>(answer.rcode));
  if (answer.authoritative) flags |= kAuthoritativeBit;
  if (cut_off) flags |= kTruncatedBit;
  if (query.recursion_desired) flags |= kRecursionDesiredBit;
  std::string out;
  put_header(out, {.id = query.id, .flags = flags, .questions = 1, .answers = answers, .additionals = additionals});
  return out + body + option;
}

std::string with_id(std::string bytes, uint16_t id) {
  bytes[0] = static_cast<char>(id >> 8);
  bytes[1] = static_cast<char>(id & 0xff);
  return bytes;
}

bool replies_to(std::string_view reply, uint16_t id, const Question& question) {
  Reader reader(reply);
  const Header header = read_header(reader);
  if (!reader.ok() || header.id != id || (header.flags & kReplyBit) == 0 || header.questions != 1) return false;
  const Question seen = read_question(reader);
  return reader.ok() && seen == question;
}

bool is_truncated(std::string_view reply) {
  Reader reader(reply);
  return (read_header(reader).flags & kTruncatedBit) != 0;
}

Rcode rcode_of(std::string_view reply) {
  Reader reader(reply);
  return static_cast<Rcode>(read_header(reader).flags & kRcodeMask);
}

std::string encode_query(uint16_t id, const Question& question) {
  std::string out;
  put_header(out, {.id = id, .flags = kRecursionDesiredBit, .questions = 1});
  put_name(out, question.name);
  put16(out, question.type);
  put16(out, question.klass);
  return out;
}

std::vector<Record> addresses_of(std::string_view reply, uint16_t type, const Name& owner) {
  const size_t address_bytes = type == kAaaa ? 16 : 4;
  Reader reader(reply);
  const Header header = read_header(reader);
  read_question(reader);
  std::vector<Record> found;
  for (int left = header.answers; left > 0 && found.size() < kCopiedRecordsMax; --left) {
    const RawRecord record = read_record(reader);
    if (!reader.ok()) break;
    if (record.type == type && record.klass == kInternet && record.data.size() == address_bytes)
      found.push_back({owner, type, std::min(record.ttl_seconds, kTtlSeconds), std::string(record.data)});
  }
  return found;
}

}  // namespace stint::dns
