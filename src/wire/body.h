// What is sent: pieces of bytes in order, shared and not copied on their way to the socket. A value; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stint::http {

class Body {
 public:
  struct Piece {
    std::string_view bytes;
    std::shared_ptr<const void> owner;  // null: the bytes are a literal
  };

  Body() = default;
  Body(std::string text);                              // NOLINT(google-explicit-constructor): a text is a body
  Body(std::shared_ptr<const std::string> text);       // NOLINT(google-explicit-constructor)
  Body(const char* text) : Body(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  // Empty pieces are left out.
  void append(std::string text);
  void append(const std::shared_ptr<const std::string>& text, size_t from = 0, size_t size = std::string::npos);
  // REQUIRES: the bytes live as long as the program.
  void append_literal(std::string_view text);
  void append(Body other);
  void reserve(size_t pieces) { pieces_.reserve(pieces); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  std::vector<Piece> take_pieces() &&;
  std::string text() const;  // joined

 private:
  void append_piece(Piece piece);
  std::vector<Piece> pieces_;
  size_t size_ = 0;
};

}  // namespace stint::http
