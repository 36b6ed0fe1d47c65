#include "runtime/crun/attach_session.h"

#include <fcntl.h>

#include <algorithm>

#include "base/log.h"
#include "os/local_socket.h"
#include "os/terminal.h"

namespace stint::crun {
namespace {

constexpr size_t kPacketBytesMax = 64 * 1024;  // conmon's have 8 KiB and a byte
constexpr size_t kInputBytesMax = 8 * 1024;    // of one packet; conmon takes 32 KiB
constexpr size_t kUnreadBytesMax = 256 * 1024;
constexpr char kOutPacket = 2, kErrPacket = 3;
constexpr int kSizeMax = 1000;  // conmon stops listening to whoever names a larger one

Result<void> write_order(const std::string& bundle, const std::string& order) {
  TRY(const os::Descriptor fifo, os::open_path(bundle + "/ctl", O_WRONLY | O_NONBLOCK));
  return os::write_all(fifo.get(), order);
}

Task<void> drain(Loop& loop, int fd) {
  while (true) {
    co_await readable(loop, fd);
    const auto packet = os::receive_packet(fd, kPacketBytesMax);
    if (packet ? packet->empty() : packet.error().reason != Reason::kConflict) co_return;
  }
}

class AttachSession final : public ExecSession {
 public:
  AttachSession(Loop& loop, os::Descriptor socket, AttachPlan plan)
      : loop_(loop),
        socket_(std::move(socket)),
        bundle_(std::move(plan.bundle)),
        takes_input_(plan.takes_input),
        idle_(plan.idle),
        arrived_(loop),
        room_(loop),
        scope_(loop) {
    scope_.spawn(receive());
  }
  ~AttachSession() override {
    scope_.cancel();
    if (const auto idle = idle_.lock()) idle->keep(std::move(socket_));
  }

  Task<std::string> read(Stream stream) override {
    std::string& unread = stream == Stream::kOut ? out_ : err_;
    while (unread.empty() && !ended_) {
      arrived_.reset();
      co_await arrived_.wait();
    }
    std::string bytes = std::exchange(unread, {});
    room_.set();
    co_return bytes;
  }

  Task<bool> write(std::string bytes) override {
    if (!takes_input_) co_return false;
    for (size_t at = 0; at < bytes.size();) {
      const std::string_view packet = std::string_view(bytes).substr(at, kInputBytesMax);
      const auto sent = os::send_packet(socket_.get(), packet);
      if (!sent) co_return false;
      if (*sent) {
        at += packet.size();
        continue;
      }
      const auto room = os::writable_signal(socket_.get());
      if (!room) co_return false;
      co_await readable(loop_, room->get());
    }
    co_return true;
  }

  void end_input() override {
    if (std::exchange(takes_input_, false)) os::end_packets(socket_.get());
  }

  void resize(int columns, int rows) override {
    const auto bounded = [](int value) { return std::to_string(std::clamp(value, 0, kSizeMax)); };
    // The next size comes when the user changes it again.
    if (auto told = write_order(bundle_, "1 " + bounded(rows) + " " + bounded(columns) + "\n"); !told)
      log_debug("terminal size not told", "bundle", bundle_, "error", told.error().message);
  }

  Task<Result<int>> wait() override { co_return 0; }

 private:
  // A client that does not read holds up the container, as a full pipe would.
  Task<void> receive() {
    while (true) {
      while (out_.size() + err_.size() > kUnreadBytesMax) {
        room_.reset();
        co_await room_.wait();
      }
      co_await readable(loop_, socket_.get());
      const auto packet = os::receive_packet(socket_.get(), kPacketBytesMax);
      if (!packet && packet.error().reason == Reason::kConflict) continue;
      if (!packet || packet->empty()) break;
      if ((*packet)[0] == kOutPacket) out_.append(*packet, 1);
      if ((*packet)[0] == kErrPacket) err_.append(*packet, 1);
      arrived_.set();
    }
    ended_ = true;
    arrived_.set();
  }

  Loop& loop_;
  os::Descriptor socket_;
  const std::string bundle_;
  bool takes_input_;
  const std::weak_ptr<IdleConnections> idle_;
  std::string out_, err_;
  bool ended_ = false;
  Event arrived_, room_;
  Scope scope_;  // last: destroyed first
};

}  // namespace

void IdleConnections::keep(os::Descriptor socket) {
  auto draining = std::make_unique<Scope>(loop_);
  draining->spawn(drain(loop_, socket.get()));
  idle_.push_back({std::move(socket), std::move(draining)});
}

os::Descriptor IdleConnections::take() {
  if (idle_.empty()) return {};
  idle_.back().draining.reset();
  os::Descriptor socket = std::move(idle_.back().socket);
  idle_.pop_back();
  return socket;
}

Task<Result<std::unique_ptr<ExecSession>>> start_attach(Loop& loop, AttachPlan plan) {
  os::Descriptor socket = plan.idle != nullptr ? plan.idle->take() : os::Descriptor();
  if (!socket) {
    auto made = co_await on_pool(loop, [bundle = plan.bundle] { return os::connect_packets(bundle, "attach"); });
    if (!made) co_return std::unexpected(std::move(made).error());
    socket = *std::move(made);
  }
  co_return std::make_unique<AttachSession>(loop, std::move(socket), std::move(plan));
}

Result<void> order_log_reopened(const std::string& bundle) { return write_order(bundle, "2 0 0\n"); }

}  // namespace stint::crun
