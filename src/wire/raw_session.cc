#include "wire/raw_session.h"

#include <utility>

namespace stint::http {
namespace {

constexpr size_t kUnreceivedBytes = 256 * 1024;  // past it the client has to wait

}  // namespace

RawSession::RawSession(Connection& connection)
    : connection_(connection), arrived_(connection.shared().loop), room_(connection.shared().loop) {}

void RawSession::received(std::string_view bytes) {
  received_ += bytes;
  if (received_.size() > kUnreceivedBytes) transport().pause();
  arrived_.set();
}

void RawSession::fill() {
  if (transport().backlog() <= Response::kUnwaitedBytes) room_.set();
}

Task<std::optional<std::string>> RawSession::receive() {
  while (received_.empty() && !gone()) {
    arrived_.reset();
    co_await arrived_.wait();
  }
  if (received_.empty()) co_return std::nullopt;
  transport().resume();
  co_return std::exchange(received_, {});
}

Task<bool> RawSession::send(Body bytes) {
  if (gone()) co_return false;
  transport().write(std::move(bytes));
  while (!gone() && transport().backlog() > Response::kUnwaitedBytes) {
    room_.reset();
    co_await room_.wait();
  }
  co_return !gone();
}

void RawSession::close() {
  if (gone()) return;
  transport().finish();
  arrived_.set();
  room_.set();
}

}  // namespace stint::http
