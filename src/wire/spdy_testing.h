// For tests that play a client of SPDY: the other end of a stream of bytes, in memory. Loop thread only.
#pragma once

#include <deque>

#include "wire/byte_stream.h"
#include "wire/spdy_frames.h"

namespace stint::http::spdy {

class TestClient final : public ByteStream {
 public:
  explicit TestClient(Loop& loop) : more_(loop) {}

  // --- the client's side ---
  void open(uint32_t id, const Headers& headers, bool last = false) { say(writer_.syn_stream(id, headers, last)); }
  void data(uint32_t id, std::string bytes, bool last = false) { say(data_head(id, last, bytes.size()) + bytes); }
  void say(std::string bytes) {
    says_.push_back(std::move(bytes));
    more_.set();
  }
  void hang_up() {
    gone_ = true;
    more_.set();
  }
  // What it heard: "1+" a reply, "1:text" data, "1." the end, "1!" a reset, "ping 7", "bye".
  std::string heard;
  bool closed = false;

  // --- the server's ---
  Task<std::optional<std::string>> receive() override {
    while (says_.empty() && !gone_) {
      more_.reset();
      co_await more_.wait();
    }
    if (says_.empty()) co_return std::nullopt;
    std::string bytes = std::move(says_.front());
    says_.pop_front();
    co_return bytes;
  }
  Task<bool> send(Body bytes) override {
    if (gone_) co_return false;
    reader_.feed(bytes.text());
    while (auto frame = reader_.next()) hear(*frame);
    co_return true;
  }
  void close() override { closed = true; }

 private:
  void hear(const Frame& frame) {
    const std::string id = std::to_string(frame.stream);
    if (frame.type == Type::kPing) heard += "ping " + std::to_string(frame.value);
    if (frame.type == Type::kGoAway) heard += "bye";
    if (frame.type == Type::kSynReply) heard += id + "+";
    if (frame.type == Type::kReset) heard += id + "!";
    if (frame.type == Type::kData) heard += id + (frame.last ? "." : ":") + frame.data;
    heard += " ";
  }

  FrameWriter writer_;
  FrameReader reader_;
  std::deque<std::string> says_;
  bool gone_ = false;
  Event more_;
};

}  // namespace stint::http::spdy
