#include "wire/spdy_frames.h"

#include <algorithm>
#include <cstdlib>

#include "wire/spdy_dictionary.h"

namespace stint::http::spdy {
namespace {

constexpr size_t kHeadBytes = 8;
constexpr uint32_t kControlBit = 0x80000000;
constexpr uint32_t kVersion = 3;
constexpr uint32_t kStreamBits = 0x7fffffff;
constexpr uint32_t kLengthBits = 0x00ffffff;
constexpr uint32_t kLastFlag = 0x01;
constexpr size_t kPieceBytesMax = 64 * 1024;  // of a data frame, told at once

uint32_t number_at(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}
void append_number(uint32_t number, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

const unsigned char* unsigned_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Takes a length and so many bytes off the front; false if they are not there.
bool take_text(std::string_view& block, std::string& text) {
  if (block.size() < 4) return false;
  const size_t size = number_at(block, 0);
  block.remove_prefix(4);
  if (block.size() < size) return false;
  text = block.substr(0, size);
  block.remove_prefix(size);
  return true;
}

std::optional<Headers> parse_headers(std::string_view block) {
  if (block.size() < 4) return std::nullopt;
  const uint32_t count = number_at(block, 0);
  block.remove_prefix(4);
  Headers headers;
  for (uint32_t i = 0; i < count; ++i) {
    std::string name, value;
    if (!take_text(block, name) || !take_text(block, value)) return std::nullopt;
    headers.emplace_back(std::move(name), std::move(value));
  }
  if (!block.empty()) return std::nullopt;
  return headers;
}

std::string control_frame(Type type, uint32_t flags, std::string_view payload) {
  std::string frame;
  append_number(kControlBit | kVersion << 16 | static_cast<uint32_t>(type), frame);
  append_number(flags << 24 | static_cast<uint32_t>(payload.size()), frame);
  frame += payload;
  return frame;
}

}  // namespace

// --- headers ---

// zlib fails here for want of memory only.
HeaderUnpacker::HeaderUnpacker() {
  if (inflateInit(&stream_) != Z_OK) std::abort();
}
HeaderUnpacker::~HeaderUnpacker() { inflateEnd(&stream_); }

std::optional<Headers> HeaderUnpacker::unpack(std::string_view block) {
  std::string text(kControlBytesMax, '\0');
  stream_.next_in = const_cast<unsigned char*>(unsigned_bytes(block));
  stream_.avail_in = static_cast<unsigned>(block.size());
  stream_.next_out = reinterpret_cast<unsigned char*>(text.data());
  stream_.avail_out = static_cast<unsigned>(text.size());
  int result = inflate(&stream_, Z_SYNC_FLUSH);
  if (result == Z_NEED_DICT) {
    const std::string& known = dictionary();
    if (inflateSetDictionary(&stream_, unsigned_bytes(known), static_cast<unsigned>(known.size())) != Z_OK) return std::nullopt;
    result = inflate(&stream_, Z_SYNC_FLUSH);
  }
  // Z_BUF_ERROR: it had nothing more to do.
  if ((result != Z_OK && result != Z_BUF_ERROR) || stream_.avail_in != 0 || stream_.avail_out == 0) return std::nullopt;
  text.resize(text.size() - stream_.avail_out);
  return parse_headers(text);
}

HeaderPacker::HeaderPacker() {
  const std::string& known = dictionary();
  if (deflateInit(&stream_, Z_BEST_SPEED) != Z_OK ||
      deflateSetDictionary(&stream_, unsigned_bytes(known), static_cast<unsigned>(known.size())) != Z_OK) {
    std::abort();
  }
}
HeaderPacker::~HeaderPacker() { deflateEnd(&stream_); }

std::string HeaderPacker::pack(const Headers& headers) {
  std::string text;
  append_number(static_cast<uint32_t>(headers.size()), text);
  for (const auto& [name, value] : headers) {
    for (const std::string& part : {name, value}) {
      append_number(static_cast<uint32_t>(part.size()), text);
      text += part;
    }
  }
  std::string packed(deflateBound(&stream_, text.size()) + 16, '\0');  // and the marker of a flush
  stream_.next_in = const_cast<unsigned char*>(unsigned_bytes(text));
  stream_.avail_in = static_cast<unsigned>(text.size());
  stream_.next_out = reinterpret_cast<unsigned char*>(packed.data());
  stream_.avail_out = static_cast<unsigned>(packed.size());
  if (deflate(&stream_, Z_SYNC_FLUSH) != Z_OK || stream_.avail_in != 0) std::abort();
  packed.resize(packed.size() - stream_.avail_out);
  return packed;
}

// --- reading ---

std::nullopt_t FrameReader::broken(std::string_view why) {
  fault_ = why;
  input_.clear();
  at_ = 0;
  return std::nullopt;
}

std::optional<Frame> FrameReader::next() {
  while (fault_.empty()) {
    const size_t before = at_;
    std::optional<Frame> frame = in_data_ ? next_data() : begin_frame();
    if (frame || !fault_.empty()) return frame;
    if (at_ == before) break;
  }
  input_.erase(0, std::exchange(at_, 0));
  return std::nullopt;
}

std::optional<Frame> FrameReader::begin_frame() {
  const std::string_view input = std::string_view(input_).substr(at_);
  if (input.size() < kHeadBytes) return std::nullopt;
  const uint32_t first = number_at(input, 0), second = number_at(input, 4);
  const size_t length = second & kLengthBits;
  const bool last = (second >> 24 & kLastFlag) != 0;
  if ((first & kControlBit) == 0) {
    data_stream_ = first & kStreamBits;
    if (data_stream_ == 0) return broken("data of no stream");
    data_left_ = length;
    data_last_ = last;
    in_data_ = true;
    at_ += kHeadBytes;
    return next_data();
  }
  if ((first & ~kControlBit) >> 16 != kVersion) return broken("a frame of another version");
  if (length > kControlBytesMax) return broken("a control frame is too long");
  if (input.size() < kHeadBytes + length) return std::nullopt;
  at_ += kHeadBytes + length;
  return read_control(static_cast<Type>(first & 0xffff), last, input.substr(kHeadBytes, length));
}

std::optional<Frame> FrameReader::next_data() {
  const size_t size = std::min({data_left_, input_.size() - at_, kPieceBytesMax});
  if (size == 0 && data_left_ > 0) return std::nullopt;
  Frame frame{.type = Type::kData, .stream = data_stream_, .data = input_.substr(at_, size)};
  at_ += size;
  data_left_ -= size;
  in_data_ = data_left_ > 0;
  frame.last = data_last_ && !in_data_;
  return frame;
}

bool FrameReader::read_headers(std::string_view block, Frame& frame) {
  std::optional<Headers> headers = unpacker_.unpack(block);
  if (!headers) return false;
  frame.headers = *std::move(headers);
  return true;
}

// Nothing without a fault: a frame of a kind that says nothing here.
std::optional<Frame> FrameReader::read_control(Type type, bool last, std::string_view payload) {
  Frame frame{.type = type, .last = last};
  const auto is_short = [&](size_t size) { return payload.size() < size; };
  switch (type) {
    case Type::kSynStream:
      if (is_short(10) || !read_headers(payload.substr(10), frame)) return broken("the beginning of a stream cannot be read");
      break;
    case Type::kSynReply:
    case Type::kHeaders:
      if (is_short(4) || !read_headers(payload.substr(4), frame)) return broken("headers cannot be read");
      break;
    case Type::kReset:
      if (is_short(8)) return broken("a reset is too short");
      frame.value = number_at(payload, 4);
      break;
    case Type::kPing:
      if (is_short(4)) return broken("a ping is too short");
      frame.value = number_at(payload, 0);
      return frame;
    case Type::kGoAway:
      return frame;
    default:
      return std::nullopt;
  }
  frame.stream = number_at(payload, 0) & kStreamBits;
  if (frame.stream == 0) return broken("a control frame of no stream");
  return frame;
}

// --- writing ---

std::string FrameWriter::syn_stream(uint32_t stream, const Headers& headers, bool last) {
  std::string payload;
  append_number(stream, payload);
  append_number(0, payload);  // belongs to no other stream
  payload.append(2, '\0');    // priority and slot
  return control_frame(Type::kSynStream, last ? kLastFlag : 0, payload + packer_.pack(headers));
}

std::string FrameWriter::syn_reply(uint32_t stream, const Headers& headers) {
  std::string payload;
  append_number(stream, payload);
  return control_frame(Type::kSynReply, 0, payload + packer_.pack(headers));
}

std::string data_head(uint32_t stream, bool last, size_t size) {
  std::string head;
  append_number(stream, head);
  append_number((last ? kLastFlag : 0) << 24 | static_cast<uint32_t>(size), head);
  return head;
}

std::string reset(uint32_t stream, ResetStatus status) {
  std::string payload;
  append_number(stream, payload);
  append_number(static_cast<uint32_t>(status), payload);
  return control_frame(Type::kReset, 0, payload);
}

std::string ping(uint32_t id) {
  std::string payload;
  append_number(id, payload);
  return control_frame(Type::kPing, 0, payload);
}

std::string go_away(uint32_t last_stream, uint32_t status) {
  std::string payload;
  append_number(last_stream, payload);
  append_number(status, payload);
  return control_frame(Type::kGoAway, 0, payload);
}

}  // namespace stint::http::spdy
