// SHA-256 over a stream. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace stint {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::string_view bytes);
  std::string digest();  // "sha256:<hex>"; ends the stream

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_of(std::string_view bytes);

}  // namespace stint
