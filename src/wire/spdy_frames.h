// The frames of SPDY/3.1 as bytes: a client's read off a stream, a server's written. Of the protocol what streams need: headers are
// compressed with zlib and SPDY/3's dictionary, one state for all frames of a direction; flow-control windows and settings are read over,
// as all clients of Kubernetes do. Pure.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stint::http::spdy {

inline constexpr size_t kControlBytesMax = 64 * 1024;  // of a control frame, and of the headers in it once unpacked

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

enum class Type : uint16_t {
  kData = 0,
  kSynStream = 1,
  kSynReply = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kHeaders = 8,
  kWindowUpdate = 9,
};
enum class ResetStatus : uint32_t { kProtocolError = 1, kInvalidStream = 2, kRefusedStream = 3, kCancel = 5, kInternalError = 6 };

struct Frame {
  Type type = Type::kData;
  uint32_t stream = 0;
  bool last = false;   // nothing more of this stream comes from the sender
  uint32_t value = 0;  // a ping's id, a reset's status
  Headers headers;
  std::string data;
};

// Unpacks the header blocks of one direction, which must all be given to it, in order.
class HeaderUnpacker {
 public:
  HeaderUnpacker();
  ~HeaderUnpacker();
  HeaderUnpacker(const HeaderUnpacker&) = delete;
  HeaderUnpacker& operator=(const HeaderUnpacker&) = delete;
  // Nothing: it is not of the format, or unpacks to more than kControlBytesMax.
  std::optional<Headers> unpack(std::string_view block);

 private:
  z_stream stream_{};
};

class HeaderPacker {
 public:
  HeaderPacker();
  ~HeaderPacker();
  HeaderPacker(const HeaderPacker&) = delete;
  HeaderPacker& operator=(const HeaderPacker&) = delete;
  std::string pack(const Headers& headers);

 private:
  z_stream stream_{};
};

class FrameReader {
 public:
  void feed(std::string_view bytes) { input_ += bytes; }
  // A whole control frame, or as much of a data frame as is there, whose `last` is told with its last byte. Nothing: more bytes are needed,
  // or fault() tells why there will be no more.
  std::optional<Frame> next();
  std::string_view fault() const { return fault_; }  // "" for none

 private:
  std::optional<Frame> begin_frame();
  std::optional<Frame> next_data();
  std::optional<Frame> read_control(Type type, bool last, std::string_view payload);
  bool read_headers(std::string_view block, Frame& frame);
  std::nullopt_t broken(std::string_view why);

  std::string input_;
  size_t at_ = 0;  // what is before it has been read
  bool in_data_ = false;
  uint32_t data_stream_ = 0;
  size_t data_left_ = 0;
  bool data_last_ = false;
  HeaderUnpacker unpacker_;
  std::string_view fault_;
};

// What a side writes. Frames with headers must be sent in the order in which they were made.
class FrameWriter {
 public:
  std::string syn_stream(uint32_t stream, const Headers& headers, bool last = false);  // of a client, for tests
  std::string syn_reply(uint32_t stream, const Headers& headers);

 private:
  HeaderPacker packer_;
};
// Of a data frame with so many bytes behind it, at most kDataBytesMax.
inline constexpr size_t kDataBytesMax = (1 << 24) - 1;
std::string data_head(uint32_t stream, bool last, size_t size);
std::string reset(uint32_t stream, ResetStatus status);
std::string ping(uint32_t id);
std::string go_away(uint32_t last_stream, uint32_t status);

}  // namespace stint::http::spdy
