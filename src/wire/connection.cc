#include "wire/connection.h"

#include <boost/beast/http/status.hpp>
#include <ctime>

#include "wire/http_date.h"

namespace stint::http {
namespace {

constexpr std::string_view kHttp2Start = "PRI * ";

}  // namespace

std::pair<std::string, std::string> Shared::error_text(int status, std::string_view sentence) const {
  if (error_body) return error_body(status, sentence);
  return {"text/plain", std::string(sentence) + "\n"};
}

const std::string& Shared::date() {
  const std::time_t now_second = std::time(nullptr);
  if (now_second != date_second_) {
    date_ = http_date(WallTime(std::chrono::seconds(now_second)));
    date_second_ = now_second;
  }
  return date_;
}

bool BodyShare::set(size_t bytes) {
  if (bytes == bytes_) return true;
  shared_.bodies_bytes += bytes - bytes_;
  const auto own = shared_.client_bodies_bytes.try_emplace(address_).first;
  const size_t own_bytes = own->second += bytes - bytes_;
  if (own_bytes == 0) shared_.client_bodies_bytes.erase(own);
  bytes_ = bytes;
  return shared_.bodies_bytes <= shared_.limits.bodies_bytes_max && own_bytes <= shared_.limits.client_bodies_bytes_max;
}

void set_target(std::string target, Request& request) {
  request.target = std::move(target);
  const size_t mark = request.target.find('?');
  request.path = request.target.substr(0, mark);
  if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
}

std::string header_value(std::string_view value) {
  std::string out(value);
  for (char& c : out) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return out;
}

std::string_view status_phrase(int status) {
  const auto phrase = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {phrase.data(), phrase.size()};
}

std::string too_large_sentence(const Limits& limits) { return "limit is " + std::to_string(limits.body_bytes_max); }

Connection::Connection(std::shared_ptr<Shared> shared, boost::asio::ip::tcp::socket socket, std::function<void()> retire)
    : shared_(std::move(shared)), retire_(std::move(retire)), since_(shared_->now) {
  transport_ =
      std::make_shared<Transport>(std::move(socket), shared_->tls ? &*shared_->tls : nullptr, shared_->scratch, *this, shared_->now);
  remote_ = transport_->remote();
}

Connection::~Connection() { transport_->close(); }

void Connection::opened() {
  peer_ = transport_->peer();
  if (shared_->tls) protocol_ = transport_->chose_http2() ? make_http2(*this) : make_http1(*this);
}

void Connection::received(std::string_view bytes) {
  // Without TLS there is no ALPN: the first bytes tell.
  if (!protocol_) protocol_ = bytes.starts_with(kHttp2Start) ? make_http2(*this) : make_http1(*this);
  protocol_->received(bytes);
}

void Connection::fill() {
  if (protocol_) protocol_->fill();
}

void Connection::lost() { retire_(); }

void Connection::close() {
  if (transport_->closed()) return;
  transport_->close();
  retire_();
}

void Connection::tick() {
  transport_->tick(shared_->now, shared_->limits.stall_max);
  if (transport_->closed()) return;
  if (protocol_) return protocol_->tick();
  if (shared_->now - since_ > shared_->limits.idle_max) close();
}

void Connection::drain() {
  if (protocol_) return protocol_->drain();
  close();
}

Request Connection::new_request() const {
  Request request;
  request.remote = remote_;
  request.peer_common_name = peer_.common_name;
  request.peer_organizations = peer_.organizations;
  request.peer_certificate_sha256 = peer_.certificate_sha256;
  return request;
}

}  // namespace stint::http
