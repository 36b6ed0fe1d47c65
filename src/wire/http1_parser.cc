#include "wire/http1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "wire/connection.h"

namespace stint::http {
namespace {

namespace beast = boost::beast;
using beast::string_view;
using ErrorCode = beast::error_code;

constexpr size_t kReservedMax = 64 * 1024;
constexpr size_t kLastChunkBytesMin = 5;  // "0\r\n\r\n"

std::string text(string_view view) { return std::string(view.data(), view.size()); }

}  // namespace

struct Http1Parser::Parts final : beast::http::basic_parser<true> {
  Request request;
  int version = 11;
  bool expects_continue = false;
  bool head_over = false;

  void on_request_impl(beast::http::verb, string_view method, string_view target, int http_version, ErrorCode&) override {
    version = http_version;
    request.method = text(method);
    set_target(text(target), request);
  }
  void on_response_impl(int, string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::http::field field, string_view name, string_view value, ErrorCode&) override {
    if (head_over) return;  // trailers say nothing that is listened to
    if (field == beast::http::field::expect) expects_continue = beast::iequals(value, "100-continue");
    request.headers.emplace_back(text(name), text(value));
  }
  void on_header_impl(ErrorCode&) override { head_over = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& size, ErrorCode&) override {
    // What is only announced takes no memory.
    if (size) request.body.reserve(std::min(static_cast<size_t>(*size), kReservedMax));
  }
  size_t on_body_impl(string_view body, ErrorCode&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, ErrorCode&) override {}
  size_t on_chunk_body_impl(std::uint64_t, string_view body, ErrorCode& error) override { return on_body_impl(body, error); }
  void on_finish_impl(ErrorCode&) override {}
};

Http1Parser::Http1Parser(const Limits& limits) : parts_(std::make_unique<Parts>()), limits_(limits) {
  parts_->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  parts_->body_limit(limits.body_bytes_max);
  parts_->eager(true);
}
Http1Parser::~Http1Parser() = default;

Http1Parser::State Http1Parser::feed(std::string& input) {
  // Clients may send an empty line too many after a body.
  while (!parts_->got_some() && input.starts_with("\r\n")) input.erase(0, 2);
  while (!input.empty()) {
    ErrorCode error;
    const bool in_head = !parts_->is_header_done();
    // Nothing shorter ends a body in chunks, and Beast asserts that it is not given less of a last chunk whose first line it has seen.
    if (!in_head && parts_->chunked() && input.size() < kLastChunkBytesMin) break;
    const size_t taken = parts_->put(boost::asio::const_buffer(input.data(), input.size()), error);
    input.erase(0, taken);
    if (in_head && !parts_->is_header_done()) head_bytes_ += taken;
    if (head_bytes_ > limits_.header_bytes_max) return refuse(431, "request header is too large");
    if (error == beast::http::error::need_more) break;
    if (error == beast::http::error::body_limit) return refuse(413, too_large_sentence(limits_));
    if (error == beast::http::error::header_limit) return refuse(431, "request header is too large");
    if (error) return refuse(400, "malformed HTTP request: " + error.message());
    if (parts_->is_done()) return State::kDone;
    if (taken == 0) break;
  }
  // What the parser leaves is a line that has no end yet: of the head, which it bounds, or a chunk's head or a trailer, which it does not.
  if (input.size() > limits_.header_bytes_max) return refuse(431, "request header is too large");
  return State::kWantsMore;
}

Http1Parser::State Http1Parser::refuse(int status, std::string sentence) {
  status_ = status;
  sentence_ = std::move(sentence);
  return State::kRefused;
}

size_t Http1Parser::body_bytes() const { return parts_->request.body.size(); }

bool Http1Parser::waits_for_continue() const {
  return parts_->expects_continue && parts_->is_header_done() && !parts_->is_done() && !is_http10() && parts_->request.body.empty();
}

void Http1Parser::take(Request& request) {
  Request& read = parts_->request;
  request.method = std::move(read.method);
  request.target = std::move(read.target);
  request.path = std::move(read.path);
  request.query = std::move(read.query);
  request.headers = std::move(read.headers);
  request.body = std::move(read.body);
}

bool Http1Parser::keep_alive() const { return parts_->keep_alive(); }
bool Http1Parser::is_http10() const { return parts_->version < 11; }

}  // namespace stint::http
