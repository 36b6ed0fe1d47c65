#include "wire/websocket_frames.h"

#include <utility>

#include "wire/websocket.h"

namespace stint::http {
namespace {

constexpr unsigned kLastBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kOpcodeBits = 0x0f;
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthBits = 0x7f;
constexpr unsigned kTwoByteLength = 126;
constexpr unsigned kEightByteLength = 127;
constexpr size_t kMaskBytes = 4;

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }
bool is_control(Opcode opcode) { return static_cast<unsigned>(opcode) >= 8; }

unsigned byte_at(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }

void append_number(uint64_t number, size_t bytes, std::string& out) {
  for (size_t i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xff);
}

void apply_mask(std::string_view mask, std::string& bytes, size_t from) {
  for (size_t i = from; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[(i - from) % kMaskBytes]);
}

}  // namespace

std::string frame_head(Opcode opcode, size_t payload_bytes) {
  std::string head(1, static_cast<char>(kLastBit | static_cast<unsigned>(opcode)));
  if (payload_bytes <= kControlBytesMax) {
    head += static_cast<char>(payload_bytes);
  } else if (payload_bytes <= 0xffff) {
    head += static_cast<char>(kTwoByteLength);
    append_number(payload_bytes, 2, head);
  } else {
    head += static_cast<char>(kEightByteLength);
    append_number(payload_bytes, 8, head);
  }
  return head;
}

std::string client_frame(Opcode opcode, std::string_view payload, uint32_t mask) {
  std::string frame = frame_head(opcode, payload.size());
  frame[1] = static_cast<char>(byte_at(frame, 1) | kMaskBit);
  std::string key;
  append_number(mask, kMaskBytes, key);
  frame += key;
  const size_t head_bytes = frame.size();
  frame += payload;
  apply_mask(key, frame, head_bytes);
  return frame;
}

std::string close_payload(uint16_t code, std::string_view reason) {
  std::string payload;
  append_number(code, 2, payload);
  payload += reason.substr(0, kControlBytesMax - payload.size());
  return payload;
}

// Nothing: it is not all there yet, or wrong.
std::optional<FrameReader::Head> FrameReader::read_head() {
  const std::string_view input = std::string_view(input_).substr(at_);
  if (input.size() < 2) return std::nullopt;
  const unsigned first = byte_at(input, 0), second = byte_at(input, 1);
  Head head{.opcode = static_cast<Opcode>(first & kOpcodeBits), .last = (first & kLastBit) != 0, .head_bytes = 2};
  const bool masked = (second & kMaskBit) != 0;
  if ((first & kReservedBits) != 0 || !is_known(first & kOpcodeBits) || masked != (from_ == From::kClient)) {
    fault_ = WebSocket::kProtocolError;
    return std::nullopt;
  }
  head.payload_bytes = second & kLengthBits;
  if (head.payload_bytes >= kTwoByteLength) {
    const size_t length_bytes = head.payload_bytes == kTwoByteLength ? 2 : 8;
    if (input.size() < head.head_bytes + length_bytes) return std::nullopt;
    head.payload_bytes = 0;
    for (size_t i = 0; i < length_bytes; ++i) head.payload_bytes = head.payload_bytes << 8 | byte_at(input, head.head_bytes + i);
    head.head_bytes += length_bytes;
  }
  if (masked) head.head_bytes += kMaskBytes;
  if (!is_allowed(head) || input.size() < head.head_bytes + head.payload_bytes) return std::nullopt;
  return head;
}

bool FrameReader::is_allowed(const Head& head) {
  if (is_control(head.opcode)) {
    if (!head.last || head.payload_bytes > kControlBytesMax) fault_ = WebSocket::kProtocolError;
  } else if ((head.opcode == Opcode::kContinuation) != (message_opcode_ != Opcode::kContinuation)) {
    fault_ = WebSocket::kProtocolError;  // goes on with nothing, or begins within a message
  } else if (head.payload_bytes > message_bytes_max_ - message_.size()) {
    fault_ = WebSocket::kTooBig;
  }
  return fault_ == 0;
}

std::string FrameReader::take_payload(const Head& head) {
  const auto size = static_cast<size_t>(head.payload_bytes);
  const std::string_view frame = std::string_view(input_).substr(at_, head.head_bytes + size);
  std::string payload(frame.substr(head.head_bytes));
  if (from_ == From::kClient) apply_mask(frame.substr(head.head_bytes - kMaskBytes, kMaskBytes), payload, 0);
  at_ += frame.size();
  return payload;
}

std::optional<FrameReader::Event> FrameReader::next() {
  while (const std::optional<Head> head = fault_ == 0 ? read_head() : std::nullopt) {
    std::string payload = take_payload(*head);
    if (is_control(head->opcode)) return Event{.opcode = head->opcode, .payload = std::move(payload)};
    if (head->opcode != Opcode::kContinuation) message_opcode_ = head->opcode;
    message_ += payload;
    if (!head->last) continue;
    return Event{.opcode = std::exchange(message_opcode_, Opcode::kContinuation), .payload = std::exchange(message_, {})};
  }
  input_.erase(0, std::exchange(at_, 0));
  return std::nullopt;
}

}  // namespace stint::http
