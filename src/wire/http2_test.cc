#include <nghttp2/nghttp2.h>

#include <map>

#include "wire/testing.h"

namespace stint::http {
namespace {

// A client without TLS, which says from the start that it speaks HTTP/2.
class Http2Client {
 public:
  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    bool closed = false;
    uint32_t error_code = 0;
  };

  // `takes`: whether what comes is taken, or left until the window is full.
  explicit Http2Client(int port, bool takes = true) : socket_(port) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, takes ? 0 : 1);
    nghttp2_session_client_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;
  ~Http2Client() { nghttp2_session_del(session_); }

  int32_t request(const std::string& method, const std::string& path, std::string body = "", const Headers& more = {}) {
    std::vector<std::pair<std::string, std::string>> headers{
        {":method", method}, {":path", path}, {":scheme", "http"}, {":authority", "h"}};
    headers.insert(headers.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> values;
    for (auto& [name, value] : headers) {
      values.push_back({reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()), name.size(), value.size(), 0});
    }
    auto& kept = *bodies_.emplace_back(std::make_unique<std::string>(std::move(body)));
    nghttp2_data_provider provider{};
    provider.source.ptr = &kept;
    provider.read_callback = read_body;
    const int32_t id = nghttp2_submit_request(session_, nullptr, values.data(), values.size(), kept.empty() ? nullptr : &provider, nullptr);
    send();
    return id;
  }
  void reset(int32_t id) {
    nghttp2_submit_rst_stream(session_, 0, id, NGHTTP2_CANCEL);
    send();
  }
  void ping() { nghttp2_submit_ping(session_, 0, nullptr); }
  void send() {
    const uint8_t* bytes = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      socket_.send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
    }
  }
  // False: it did not come to that.
  bool until(const std::function<bool()>& holds) {
    while (!holds()) {
      const std::string part = socket_.receive();
      if (part.empty()) return false;
      nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(part.data()), part.size());
      send();
    }
    return true;
  }
  Answer& wait(int32_t id) {
    EXPECT_TRUE(until([&] { return answers[id].closed; }));
    return answers[id];
  }
  void hang_up() { socket_.hang_up(); }

  std::map<int32_t, Answer> answers;
  std::optional<uint32_t> goaway;

 private:
  static Http2Client& of(void* self) { return *static_cast<Http2Client*>(self); }
  static ssize_t read_body(nghttp2_session*, int32_t, uint8_t* out, size_t room, uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& body = *static_cast<std::string*>(source->ptr);
    const size_t size = std::min(room, body.size());
    body.copy(reinterpret_cast<char*>(out), size);
    body.erase(0, size);
    if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes, const uint8_t* value,
                       size_t value_bytes, uint8_t, void* self) {
    Answer& answer = of(self).answers[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_bytes), text(reinterpret_cast<const char*>(value), value_bytes);
    if (key == ":status") answer.status = std::stoi(text);
    answer.headers[key] = text;
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self) {
    of(self).answers[id].body.append(reinterpret_cast<const char*>(data), bytes);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_GOAWAY) of(self).goaway = frame->goaway.error_code;
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t id, uint32_t error_code, void* self) {
    of(self).answers[id].closed = true;
    of(self).answers[id].error_code = error_code;
    return 0;
  }

  TestSocket socket_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<std::string>> bodies_;
};

using Http2Server = LiveServer;

TEST_F(Http2Server, ManyRequestsShareAConnection) {
  Http2Client client(start());
  const int32_t slow = client.request("GET", "/never");
  std::vector<int32_t> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(client.request("GET", "/r" + std::to_string(i) + "?x=1"));
  for (int i = 0; i < 200; ++i) {
    const auto& answer = client.wait(ids[static_cast<size_t>(i)]);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /r" + std::to_string(i) + "?x=1 ");
    EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  }
  EXPECT_FALSE(client.answers[slow].closed);
}

TEST_F(Http2Server, BodiesLargerThanTheWindowsPassBothWays) {
  Http2Client client(start());
  EXPECT_EQ(client.wait(client.request("POST", "/length", std::string(2'500'000, 'x'))).body, "2500000");
  EXPECT_EQ(client.wait(client.request("GET", "/big")).body.size(), 8u * 1024 * 1024);
}

TEST_F(Http2Server, TheFirstAnswerIsNotHeldUpByTheNext) {
  Http2Client client(start());
  const int32_t first = client.request("GET", "/big"), second = client.request("GET", "/big");
  EXPECT_EQ(client.wait(first).body.size(), 8u * 1024 * 1024);
  // Whenever the first has filled its window the second goes on: about half of it comes meanwhile. In turns it would be all but one window.
  EXPECT_LT(client.answers[second].body.size(), 7u * 1024 * 1024);
  EXPECT_EQ(client.wait(second).body.size(), 8u * 1024 * 1024);
}

TEST_F(Http2Server, StreamsAndHeadHasNoBody) {
  Http2Client client(start());
  EXPECT_EQ(client.wait(client.request("GET", "/stream")).body, "onetwo");
  const auto& head = client.wait(client.request("HEAD", "/a"));
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.at("content-length"), "9");
}

TEST_F(Http2Server, RefusesABodyOverTheLimit) {
  limits_.body_bytes_max = 1000;
  Http2Client client(start());
  EXPECT_EQ(client.wait(client.request("POST", "/", std::string(100'000, 'x'))).status, 413);
  EXPECT_EQ(client.wait(client.request("POST", "/", std::string(1001, 'x'), {{"content-length", "1001"}})).status, 413);
  EXPECT_EQ(client.wait(client.request("POST", "/length", std::string(1000, 'x'))).body, "1000");
  EXPECT_EQ(begun_, 1);
}

TEST_F(Http2Server, RefusesHeadersOverTheLimit) {
  limits_.header_bytes_max = 4000;
  Http2Client client(start());
  Headers headers;
  for (int i = 0; i < 100; ++i) headers.emplace_back("x-" + std::to_string(i), "0123456789");
  EXPECT_EQ(client.wait(client.request("GET", "/", "", headers)).status, 431);
  EXPECT_EQ(begun_, 0);
}

TEST_F(Http2Server, AResetStreamEndsItsHandlerAndNoOther) {
  Http2Client client(start());
  const int32_t first = client.request("GET", "/never");
  client.request("GET", "/never");
  ASSERT_TRUE(eventually([this] { return running_ == 2; }));
  client.reset(first);
  EXPECT_TRUE(eventually([this] { return running_ == 1; }));
  EXPECT_EQ(client.wait(client.request("GET", "/a")).status, 200);
  client.hang_up();
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

TEST_F(Http2Server, ASlowReaderHoldsUpItsHandlerAndIsCutOff) {
  limits_.stall_max = std::chrono::milliseconds(600);
  limits_.tick = std::chrono::milliseconds(20);
  Http2Client client(start(), false);
  const int32_t slow = client.request("GET", "/forever");
  ASSERT_TRUE(client.until([&] { return client.answers[slow].body.size() >= 65535; }));
  usleep(200'000);
  EXPECT_LE(static_cast<size_t>(pieces_) * 16 * 1024, 65535 + Response::kUnwaitedBytes + 32 * 1024);
  EXPECT_EQ(client.wait(slow).error_code, NGHTTP2_CANCEL);
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

TEST_F(Http2Server, AHandlerWithoutAnAnswerResetsItsStream) {
  Http2Client client(start());
  EXPECT_EQ(client.wait(client.request("GET", "/silent")).error_code, NGHTTP2_INTERNAL_ERROR);
}

TEST_F(Http2Server, StoppingSaysSoAndLetsAnswersEnd) {
  Http2Client client(start());
  const int32_t id = client.request("GET", "/soon");
  ASSERT_TRUE(eventually([this] { return running_ == 1; }));
  on_loop([this] { server_->stop_accepting(); });
  ASSERT_TRUE(client.until([&] { return client.goaway.has_value(); }));
  EXPECT_EQ(*client.goaway, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.wait(id).body, "soon");
  EXPECT_FALSE(client.until([] { return false; }));  // it closes
}

TEST_F(Http2Server, AnIdleConnectionIsClosed) {
  limits_.idle_max = std::chrono::milliseconds(100);
  limits_.tick = std::chrono::milliseconds(20);
  Http2Client client(start());
  client.wait(client.request("GET", "/a"));
  EXPECT_TRUE(client.until([&] { return client.goaway.has_value(); }));
}

TEST_F(Http2Server, ClientsThatOnlyPingAreSentAway) {
  Http2Client client(start());
  client.wait(client.request("GET", "/a"));
  for (int i = 0; i < 1200; ++i) client.ping();
  client.send();
  ASSERT_TRUE(client.until([&] { return client.goaway.has_value(); }));
  EXPECT_EQ(*client.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2Server, ClientsThatOpenAndResetAreSentAway) {
  Http2Client client(start());
  for (int i = 0; i < 1200 && !client.goaway; ++i) client.reset(client.request("GET", "/never"));
  client.until([&] { return client.goaway.has_value(); });
  EXPECT_TRUE(client.goaway.has_value());
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

}  // namespace
}  // namespace stint::http
