// One connection that was upgraded to a protocol of which HTTP knows nothing. Loop thread only.
#pragma once

#include "wire/byte_stream.h"
#include "wire/connection.h"

namespace stint::http {

class RawSession final : public ByteStream {
 public:
  explicit RawSession(Connection& connection);
  Task<std::optional<std::string>> receive() override;
  Task<bool> send(Body bytes) override;
  void close() override;

  // For the connection.
  void received(std::string_view bytes);
  void fill();

 private:
  Transport& transport() { return connection_.transport(); }
  bool gone() { return transport().closed() || transport().finishing(); }

  Connection& connection_;
  std::string received_;
  Event arrived_, room_;
};

}  // namespace stint::http
