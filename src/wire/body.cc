#include "wire/body.h"

namespace stint::http {

Body::Body(std::string text) { append(std::move(text)); }

Body::Body(std::shared_ptr<const std::string> text) { append(text); }

void Body::append(std::string text) { append(std::make_shared<const std::string>(std::move(text))); }

void Body::append(const std::shared_ptr<const std::string>& text, size_t from, size_t size) {
  if (text != nullptr) append_piece({.bytes = std::string_view(*text).substr(from, size), .owner = text});
}

void Body::append_literal(std::string_view text) { append_piece({.bytes = text, .owner = nullptr}); }

void Body::append(Body other) {
  if (pieces_.empty()) {
    *this = std::move(other);
    return;
  }
  for (Piece& piece : other.pieces_) append_piece(std::move(piece));
}

void Body::append_piece(Piece piece) {
  if (piece.bytes.empty()) return;
  size_ += piece.bytes.size();
  pieces_.push_back(std::move(piece));
}

std::vector<Body::Piece> Body::take_pieces() && {
  size_ = 0;
  return std::move(pieces_);
}

std::string Body::text() const {
  std::string joined;
  joined.reserve(size_);
  for (const Piece& piece : pieces_) joined += piece.bytes;
  return joined;
}

}  // namespace stint::http
