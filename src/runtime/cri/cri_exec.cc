// Commands in containers, and sessions with their own processes: CRI answers with the URL of a stream on this machine, which speaks SPDY.
#include <charconv>

#include "remote/remote_command.h"
#include "runtime/cri/cri_driver.h"
#include "wire/http_client.h"

namespace stint::cri {
namespace {

constexpr Duration kOpenMax = std::chrono::seconds(30);

struct Url {
  os::Endpoint server;
  std::string authority, target;
};

// "http://127.0.0.1:41235/exec/abc"
Result<Url> parse_url(const std::string& text) {
  static constexpr std::string_view kScheme = "http://";
  const auto wrong = [&text] { return fail(Reason::kInternalError, "the container runtime gave \"" + text + "\" to run a command at"); };
  if (!text.starts_with(kScheme)) return wrong();
  const size_t slash = std::min(text.find('/', kScheme.size()), text.size());
  Url url{.authority = text.substr(kScheme.size(), slash - kScheme.size()), .target = text.substr(slash)};
  const size_t colon = url.authority.rfind(':');
  int port = 0;
  if (colon == std::string::npos) return wrong();
  const auto [end, error] = std::from_chars(url.authority.data() + colon + 1, url.authority.data() + url.authority.size(), port);
  if (error != std::errc() || end != url.authority.data() + url.authority.size()) return wrong();
  std::string host = url.authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  TRY(url.server, os::Endpoint::of(host, port));
  return url;
}

// What runs is at the URL that CRI answered with. Both streams are read whatever is wanted, so that one is there at least.
Task<Result<std::unique_ptr<ExecSession>>> open_streams(Loop& loop, std::string text, bool in, bool tty) {
  CO_TRY(Url url, parse_url(text));
  auto opened = co_await with_timeout(loop, kOpenMax, http::ClientConnection::open(loop, url.server, nullptr));
  if (!opened) co_return fail(Reason::kTimeout, "no answer from " + url.authority);
  if (!*opened) co_return std::unexpected(std::move(*opened).error());
  auto channels = co_await with_timeout(
      loop, kOpenMax,
      open_spdy_channels(**std::move(opened), url.authority, url.target, {.in = in, .out = true, .err = !tty, .resize = tty}));
  if (!channels) co_return fail(Reason::kTimeout, "no answer from " + url.authority);
  if (!*channels) co_return std::unexpected(std::move(*channels).error());
  co_return make_remote_command(loop, **std::move(channels), in ? InputWanted::kYes : InputWanted::kNo);
}

}  // namespace

Task<Result<std::unique_ptr<ExecSession>>> open_exec(std::shared_ptr<Service> service, std::string cri_id, ExecOptions options) {
  v1::ExecRequest request;
  request.set_container_id(std::move(cri_id));
  request.mutable_cmd()->Add(options.command.begin(), options.command.end());
  request.set_tty(options.tty);
  request.set_stdin(options.in);
  request.set_stdout(true);
  request.set_stderr(!options.tty);
  CO_TRY(const auto answer, co_await service->runtime<v1::ExecResponse>("Exec", std::move(request)));
  co_return co_await open_streams(service->loop(), answer.url(), options.in, options.tty);
}

Task<Result<std::unique_ptr<ExecSession>>> open_attach(std::shared_ptr<Service> service, std::string cri_id, bool in, bool tty) {
  v1::AttachRequest request;
  request.set_container_id(std::move(cri_id));
  request.set_tty(tty);
  request.set_stdin(in);
  request.set_stdout(true);
  request.set_stderr(!tty);
  CO_TRY(const auto answer, co_await service->runtime<v1::AttachResponse>("Attach", std::move(request)));
  co_return co_await open_streams(service->loop(), answer.url(), in, tty);
}

}  // namespace stint::cri
