// The streams of a session as streams of SPDY, which the client opens and names: error, stdin, stdout, stderr, resize.
// Source: upstream's v4.channel.k8s.io down to channel.k8s.io in the header X-Stream-Protocol-Version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/rest/remote_channels.h"
#include "wire/spdy_session.h"

namespace stint::rest {

// Newest first.
inline constexpr std::string_view kStreamProtocols[] = {"v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"};
// The newest of the client's that is spoken here; nothing when there is none.
std::optional<std::string> choose_stream_protocol(const std::vector<std::string>& offered);

class SpdyChannels final : public Channels {
 public:
  // REQUIRES: the bytes outlive it.
  SpdyChannels(Loop& loop, http::ByteStream& bytes, std::string protocol, Streams streams);
  Task<bool> open() override;
  Task<void> pass_input(ExecSession& session) override;
  Task<bool> send(ExecSession::Stream stream, std::string bytes) override;
  Task<void> finish(Result<int> exit_code) override;

 private:
  using StreamPtr = std::unique_ptr<http::spdy::Stream>;
  Task<bool> collect();
  StreamPtr* place_of(std::string_view type);
  Task<void> pass_bytes(ExecSession& session);
  Task<void> pass_sizes(ExecSession& session);
  Task<void> wait_gone();

  Loop& loop_;
  const std::string protocol_;
  const Streams streams_;
  http::spdy::Session session_;
  StreamPtr outcome_, in_, out_, err_, sizes_;  // null: not opened
};

}  // namespace stint::rest
