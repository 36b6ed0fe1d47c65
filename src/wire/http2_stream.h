// One request of an HTTP/2 connection, and its answer. Loop thread only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <deque>
#include <optional>

#include "wire/connection.h"

namespace stint::http {

class Http2Stream final : public Response {
 public:
  Http2Stream(Connection& connection, nghttp2_session* session, int32_t id);

  // --- the request, as it comes ---
  void add_header(std::string_view name, std::string_view value);
  void head_done(bool is_all);
  void add_body(std::string_view bytes);
  // All of it is there. False: it was refused, no handler is to see it.
  bool complete();
  Request take_request() { return std::move(request_); }
  bool is_complete() const { return complete_; }

  // --- its handler ---
  Scope& scope() { return scope_; }
  bool running = false;
  void handler_done();

  // --- the answer, by the handler ---
  Task<bool> send(int status, Headers headers, Body body) override;
  Task<bool> begin(int status, Headers headers) override;
  Task<bool> write(Body piece) override;
  Task<bool> end() override;
  WebSocket* upgrade(std::string, Headers) override { return nullptr; }
  ByteStream* upgrade_to(std::string_view, Headers) override { return nullptr; }

  // --- the answer, for the session ---
  ssize_t next_data_bytes(size_t room, uint32_t* flags);  // as nghttp2_data_source_read_callback
  void move_data(size_t bytes, Transport& transport);
  void mark_closed();
  bool closed() const { return closed_; }
  bool answered_whole() const { return ended_; }
  void reset(uint32_t error_code);
  // Whether it takes too long to send its request, or to take its answer.
  void tick();

 private:
  Shared& shared() { return connection_.shared(); }
  void refuse(int status, std::string_view sentence);
  bool submit_head(int status, const Headers& headers, std::optional<size_t> length, bool has_body);
  void queue(Body body);
  void flush();
  Task<bool> settle();

  Connection& connection_;
  nghttp2_session* session_;
  const int32_t id_;
  Request request_;
  std::string authority_;
  size_t header_bytes_ = 0;
  BodyShare share_;
  Moment since_;     // when it began
  Moment progress_;  // when the client last took something
  bool complete_ = false;
  bool refused_ = false;
  bool head_only_ = false;
  bool answered_ = false;
  bool ended_ = false;
  bool closed_ = false;
  std::deque<Body::Piece> queue_;
  size_t front_at_ = 0;
  size_t queued_bytes_ = 0;
  Event room_;
  Scope scope_;  // last: its task uses all of this
};

}  // namespace stint::http
