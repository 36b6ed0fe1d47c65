// The frames of RFC 6455 as bytes: read off a stream and put together to messages, and written, by either side. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stint::http {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

inline constexpr size_t kControlBytesMax = 125;

// The head of a server's whole, unmasked frame with so many bytes behind it.
std::string frame_head(Opcode opcode, size_t payload_bytes);
std::string close_payload(uint16_t code, std::string_view reason);
// A client's whole frame, masked.
std::string client_frame(Opcode opcode, std::string_view payload, uint32_t mask);

class FrameReader {
 public:
  // Whose frames they are: a client masks what it sends, and a server does not.
  enum class From { kClient, kServer };

  explicit FrameReader(size_t message_bytes_max, From from = From::kClient) : message_bytes_max_(message_bytes_max), from_(from) {}

  // A whole message, or a control frame.
  struct Event {
    Opcode opcode = Opcode::kBinary;  // kContinuation never
    std::string payload;
  };

  void feed(std::string_view bytes) { input_ += bytes; }
  // Nothing: more bytes are needed, or fault() tells why there will be no more.
  std::optional<Event> next();
  uint16_t fault() const { return fault_; }  // the code to close with, 0 for none
  size_t buffered_bytes() const { return input_.size() + message_.size(); }

 private:
  struct Head {
    Opcode opcode = Opcode::kBinary;
    bool last = false;
    size_t head_bytes = 0;
    uint64_t payload_bytes = 0;
  };
  std::optional<Head> read_head();  // of a frame that is there as a whole
  bool is_allowed(const Head& head);
  std::string take_payload(const Head& head);

  const size_t message_bytes_max_;
  const From from_;
  std::string input_;
  size_t at_ = 0;                                  // what is before it has been read
  std::string message_;                            // what has come of a message in several frames
  Opcode message_opcode_ = Opcode::kContinuation;  // kContinuation: there is none
  uint16_t fault_ = 0;
};

}  // namespace stint::http
