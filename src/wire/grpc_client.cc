#include "wire/grpc_client.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <cstring>
#include <map>

#include "os/socket.h"
#include "wire/http.h"

namespace stint::grpc {
namespace {

constexpr size_t kPrefixBytes = 5;  // a byte that tells of compression, four of length
constexpr size_t kReadBytes = 64 * 1024;
constexpr int32_t kWindowBytes = 16 * 1024 * 1024;

std::unexpected<Error> unavailable(std::string why) { return fail(Reason::kServiceUnavailable, std::move(why)); }

std::string framed(std::string_view message) {
  std::string out(kPrefixBytes, '\0');
  for (size_t i = 0; i < 4; ++i) out[1 + i] = static_cast<char>(message.size() >> (8 * (3 - i)) & 0xff);
  out += message;
  return out;
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

// One call on its way.
struct Call {
  explicit Call(Loop& loop) : done(loop) {}
  std::string request;
  size_t sent_bytes = 0;
  std::string body;
  int http_status = 0;
  int status = -1;  // gRPC's; none yet
  std::string message;
  bool lost = false;
  Event done;
};

// One connection: what nghttp2 says goes to the socket, what the socket says to nghttp2.
class Connection {
 public:
  Connection(Loop& loop, os::Descriptor socket) : loop_(loop), socket_(std::move(socket)), wanted_(loop), scope_(loop) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(kWindowBytes)}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
    scope_.spawn(receive());
    scope_.spawn(send());
  }
  ~Connection() { nghttp2_session_del(session_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool lost() const { return lost_; }

  void begin(const std::string& method, const std::shared_ptr<Call>& call) {
    const std::array headers = {header(":method", "POST"),
                                header(":scheme", "http"),
                                header(":path", method),
                                header(":authority", "localhost"),
                                header("content-type", "application/grpc"),
                                header("te", "trailers")};
    nghttp2_data_provider body{};
    body.source.ptr = call.get();
    body.read_callback = read_request;
    const int32_t stream = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, nullptr);
    if (stream < 0) {
      call->lost = true;
      return call->done.set();
    }
    calls_[stream] = call;
    wanted_.set();
  }

 private:
  static Connection& self(void* data) { return *static_cast<Connection*>(data); }
  Call* find(int32_t stream) {
    const auto found = calls_.find(stream);
    return found == calls_.end() ? nullptr : found->second.get();
  }

  static ssize_t read_request(nghttp2_session*, int32_t, uint8_t* buffer, size_t length, uint32_t* flags, nghttp2_data_source* source,
                              void*) {
    Call& call = *static_cast<Call*>(source->ptr);
    const size_t size = std::min(length, call.request.size() - call.sent_bytes);
    std::memcpy(buffer, call.request.data() + call.sent_bytes, size);
    call.sent_bytes += size;
    if (call.sent_bytes == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                       size_t value_size, uint8_t, void* data) {
    Call* call = self(data).find(frame->hd.stream_id);
    if (call == nullptr) return 0;
    const std::string_view key(reinterpret_cast<const char*>(name), name_size), text(reinterpret_cast<const char*>(value), value_size);
    const auto number = [text](int& out) { std::from_chars(text.data(), text.data() + text.size(), out); };
    if (key == ":status") number(call->http_status);
    if (key == "grpc-status") number(call->status);
    if (key == "grpc-message") call->message = http::percent_decode(text).value_or(std::string(text));
    return 0;
  }

  static int on_data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size, void* data) {
    Call* call = self(data).find(stream);
    if (call == nullptr) return 0;
    if (call->body.size() + size > Client::kMessageBytesMax) return NGHTTP2_ERR_CALLBACK_FAILURE;
    call->body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int on_close(nghttp2_session*, int32_t stream, uint32_t, void* data) {
    auto& calls = self(data).calls_;
    const auto found = calls.find(stream);
    if (found == calls.end()) return 0;
    found->second->done.set();
    calls.erase(found);
    return 0;
  }

  Task<void> receive() {
    while (!lost_) {
      co_await readable(loop_, socket_.get());
      bool end = false;
      const auto bytes = os::read_available(socket_.get(), kReadBytes, &end);
      if (!bytes || (bytes->empty() && end)) break;
      const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size());
      if (taken < 0) break;
      wanted_.set();
    }
    fail_all();
  }

  Task<void> send() {
    while (!lost_) {
      wanted_.reset();
      std::string out;
      const uint8_t* bytes = nullptr;
      for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
        out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
      }
      if (out.empty()) {
        co_await wanted_.wait();
      } else if (!co_await os::send_bytes(loop_, socket_.get(), std::move(out))) {
        break;
      }
    }
    fail_all();
  }

  void fail_all() {
    lost_ = true;
    for (auto& [stream, call] : calls_) {
      call->lost = true;
      call->done.set();
    }
    calls_.clear();
  }

  Loop& loop_;
  os::Descriptor socket_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::shared_ptr<Call>> calls_;  // by stream
  bool lost_ = false;
  Event wanted_;  // there may be something to send
  Scope scope_;   // last: destroyed first
};

Client::Client(Loop& loop, std::string socket_path) : loop_(loop), path_(std::move(socket_path)), connected_(loop) {}
Client::~Client() = default;

Task<Result<void>> Client::connect() {
  while (connecting_) {
    connected_.reset();
    co_await connected_.wait();
  }
  if (connection_ && !connection_->lost()) co_return Result<void>();
  connecting_ = true;
  Result<void> outcome;
  if (auto endpoint = os::Endpoint::of_path(path_); !endpoint) {
    outcome = std::unexpected(std::move(endpoint).error());
  } else if (auto socket = co_await os::connect_stream(loop_, *endpoint); !socket) {
    outcome = unavailable(path_ + ": " + socket.error().message);
  } else {
    connection_ = std::make_shared<Connection>(loop_, *std::move(socket));
  }
  connecting_ = false;
  connected_.set();
  co_return outcome;
}

Task<Result<Answer>> Client::call(std::string method, std::string message) {
  CO_TRY_VOID(co_await connect());
  // A call that is given up stays with the connection, which borrows its bytes.
  const auto call = std::make_shared<Call>(loop_);
  call->request = framed(message);
  connection_->begin(method, call);
  co_await call->done.wait();
  if (call->lost) co_return unavailable(path_ + ": the connection was lost");
  if (call->status < 0) co_return unavailable(path_ + ": no gRPC is spoken there (HTTP status " + std::to_string(call->http_status) + ")");
  Answer answer{.status = call->status, .message = std::move(call->message)};
  if (answer.status == 0) {
    if (call->body.size() < kPrefixBytes || call->body[0] != 0)
      co_return unavailable(path_ + ": an answer in a form that was not asked for");
    answer.body = call->body.substr(kPrefixBytes);
  }
  co_return answer;
}

}  // namespace stint::grpc
