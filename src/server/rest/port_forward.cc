#include "server/rest/port_forward.h"

#include <charconv>
#include <map>

#include "server/rest/websocket_channels.h"
#include "wire/spdy_session.h"

namespace stint::rest {
namespace {

using http::spdy::ResetStatus;
using http::spdy::Session;
using StreamPtr = std::unique_ptr<http::spdy::Stream>;

constexpr int kPortMax = 65535;

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > kPortMax) return std::nullopt;
  return port;
}

std::string failure_sentence(const ForwardTarget& target, int port, const Error& error) {
  return "error forwarding port " + std::to_string(port) + " to pod " + target.pod + ", uid " + target.uid + ": " + error.message;
}

// Streams that belong to one connection: for its bytes, and for a sentence when it cannot be had.
struct Pair {
  StreamPtr error, data;
  uint32_t first = 0;  // the stream that came first
};

class Forwarder {
 public:
  Forwarder(Loop& loop, ForwardTarget target, http::ByteStream& bytes)
      : loop_(loop), target_(std::move(target)), session_(loop, bytes), scope_(loop) {}

  Task<void> run() {
    while (StreamPtr stream = co_await session_.accept()) {
      const bool is_error = stream->header("streamtype") == "error";
      if (!parse_port(stream->header("port")) || (!is_error && stream->header("streamtype") != "data")) {
        co_await stream->reset(ResetStatus::kCancel);
        continue;
      }
      co_await add(is_error, std::move(stream));
    }
  }

 private:
  // Clients from before there were request ids open the error stream first, and the other one right after it.
  static std::string request_of(bool is_error, const http::spdy::Stream& stream) {
    std::string id(stream.header("requestid"));
    return !id.empty() ? id : "stream " + std::to_string(stream.id() - (is_error ? 0 : 2));
  }

  Task<void> add(bool is_error, StreamPtr stream) {
    const std::string request = request_of(is_error, *stream);
    Pair& pair = waiting_[request];
    if (pair.first == 0) {
      pair.first = stream->id();
      scope_.spawn(expire(request, pair.first));
    }
    StreamPtr& place = is_error ? pair.error : pair.data;
    if (place != nullptr) {
      co_await stream->reset(ResetStatus::kCancel);
      co_return;
    }
    place = std::move(stream);
    if (pair.error == nullptr || pair.data == nullptr) co_return;
    scope_.spawn(forward(std::move(pair)));
    waiting_.erase(request);
  }

  // A pair of which one stream does not come.
  Task<void> expire(std::string request, uint32_t first) {
    co_await sleep_for(loop_, Session::kOpeningMax);
    const auto found = waiting_.find(request);
    if (found == waiting_.end() || found->second.first != first) co_return;
    const Pair pair = std::move(found->second);
    waiting_.erase(found);
    if (pair.data) co_await pair.data->reset(ResetStatus::kCancel);
    if (!pair.error) co_return;
    static_cast<void>(co_await pair.error->write("timed out waiting for streams"));
    co_await pair.error->finish();
  }

  Task<void> forward(Pair pair) {
    const int port = *parse_port(pair.data->header("port"));
    auto connection = co_await target_.source.connect(target_.sandbox_id, port);
    if (!connection) {
      static_cast<void>(co_await pair.error->write(failure_sentence(target_, port, connection.error())));
      co_await pair.error->finish();
      co_await pair.data->reset(ResetStatus::kCancel);
      co_return;
    }
    Event over(loop_);
    std::optional<Error> failure;
    Scope both(loop_);
    both.spawn(to_pod(pair.data.get(), connection->get(), &over));
    both.spawn(from_pod(pair.data.get(), connection->get(), &over, &failure));
    co_await over.wait();
    if (failure) static_cast<void>(co_await pair.error->write(failure_sentence(target_, port, *failure)));
    co_await pair.data->finish();
    co_await pair.error->finish();
  }
  static Task<void> to_pod(http::spdy::Stream* from, PodConnection* to, Event* over) {
    bool open = true;
    for (std::string bytes; !(bytes = co_await from->read()).empty();) {
      if (open) open = co_await to->write(std::move(bytes));
    }
    to->end_output();
    if (from->is_broken()) over->set();  // what the pod still says, nobody wants
  }
  static Task<void> from_pod(http::spdy::Stream* to, PodConnection* from, Event* over, std::optional<Error>* failure) {
    for (bool open = true; open;) {
      Result<std::string> bytes = co_await from->read();
      if (!bytes) *failure = bytes.error();
      open = bytes && !bytes->empty() && co_await to->write(*std::move(bytes));
    }
    over->set();
  }

  Loop& loop_;
  const ForwardTarget target_;
  Session session_;
  std::map<std::string, Pair> waiting_;  // not more than the session has streams
  Scope scope_;                          // last: destroyed first
};

// One port and its two channels.
class ChannelPair {
 public:
  ChannelPair(Loop& loop, const ForwardTarget& target, int port, size_t channel, http::WebSocket& socket)
      : target_(target), port_(port), channel_(channel), socket_(socket), connected_(loop) {}

  Task<void> run() {
    // Which port it is, the low byte first.
    const std::string number{static_cast<char>(port_ & 0xff), static_cast<char>(port_ >> 8)};
    for (const size_t channel : {channel_, channel_ + 1}) static_cast<void>(co_await send_channel_message(socket_, channel, number));
    auto connection = co_await target_.source.connect(target_.sandbox_id, port_);
    Result<std::string> bytes = "";
    if (connection) {
      connection_ = *std::move(connection);
    } else {
      bytes = std::unexpected(connection.error());
    }
    connected_.set();
    for (bool open = connection_ != nullptr; open;) {
      bytes = co_await connection_->read();
      open = bytes && !bytes->empty() && co_await send_channel_message(socket_, channel_, *bytes);
    }
    if (!bytes) static_cast<void>(co_await send_channel_message(socket_, channel_ + 1, failure_sentence(target_, port_, bytes.error())));
  }
  Task<void> take(std::string bytes) {
    co_await connected_.wait();
    if (connection_ && open_) open_ = co_await connection_->write(std::move(bytes));
  }

 private:
  const ForwardTarget& target_;
  const int port_;
  const size_t channel_;
  http::WebSocket& socket_;
  Event connected_;
  std::unique_ptr<PodConnection> connection_;
  bool open_ = true;
};

Task<void> run_all(Loop& loop, std::vector<std::unique_ptr<ChannelPair>>* pairs, Event* over) {
  std::vector<Task<void>> tasks;
  for (const auto& pair : *pairs) tasks.push_back(pair->run());
  co_await when_all(loop, std::move(tasks));
  over->set();
}

Task<void> take_messages(http::WebSocket* socket, std::vector<std::unique_ptr<ChannelPair>>* pairs, Event* over) {
  const bool base64 = socket->protocol().find("base64") != std::string::npos;
  while (auto message = co_await socket->receive()) {
    auto told = read_channel_message(*message, base64);
    const bool is_data = told && told->channel % 2 == 0 && told->channel / 2 < pairs->size();
    if (is_data && !told->bytes.empty()) co_await (*pairs)[told->channel / 2]->take(std::move(told->bytes));
  }
  over->set();
}

}  // namespace

Task<void> forward_streams(Loop& loop, ForwardTarget target, http::ByteStream& bytes) {
  Forwarder forwarder(loop, std::move(target), bytes);
  co_await forwarder.run();
}

Result<std::vector<int>> decode_ports(const Query& query) {
  std::vector<int> ports;
  for (const std::string& list : query.all("ports")) {
    if (list.empty()) return fail(Reason::kBadRequest, "query parameter \"ports\" cannot be empty");
    for (size_t at = 0; at <= list.size();) {
      const size_t comma = std::min(list.find(',', at), list.size());
      const std::string word = list.substr(at, comma - at);
      const auto port = parse_port(word);
      if (!port) return fail(Reason::kBadRequest, "unable to parse \"" + word + "\" as a port");
      ports.push_back(*port);
      at = comma + 1;
    }
  }
  if (ports.empty()) return fail(Reason::kBadRequest, "query parameter \"ports\" is required");
  constexpr size_t kPortsMax = 127;  // a channel is a byte
  if (ports.size() > kPortsMax) return fail(Reason::kBadRequest, "too many ports at once, at most " + std::to_string(kPortsMax));
  return ports;
}

Task<void> forward_channels(Loop& loop, ForwardTarget target, std::vector<int> ports, http::WebSocket& socket) {
  std::vector<std::unique_ptr<ChannelPair>> pairs;
  for (const int port : ports) pairs.push_back(std::make_unique<ChannelPair>(loop, target, port, 2 * pairs.size(), socket));
  Event over(loop);
  Scope scope(loop);
  scope.spawn(run_all(loop, &pairs, &over));
  scope.spawn(take_messages(&socket, &pairs, &over));
  co_await over.wait();
  socket.close(http::WebSocket::kNormal, "");
}

}  // namespace stint::rest
