#include "node/probes/checks.h"

#include <strings.h>

#include "node/environment.h"
#include "node/probes/http_action.h"
#include "node/probes/probe_state.h"

namespace stint {
namespace {

using Kind = CheckResult::Kind;

// Reads to the end, keeps what there is room for.
Task<void> collect(ExecSession* session, ExecSession::Stream stream, std::string* output) {
  while (true) {
    const std::string bytes = co_await session->read(stream);
    if (bytes.empty()) co_return;
    output->append(bytes, 0, std::min(bytes.size(), Checks::kOutputBytesMax - output->size()));
  }
}

Task<Result<int>> run_to_end(Loop& loop, ExecSession* session, std::string* output) {
  std::vector<Task<void>> streams;
  streams.push_back(collect(session, ExecSession::Stream::kOut, output));
  streams.push_back(collect(session, ExecSession::Stream::kErr, output));
  co_await when_all(loop, std::move(streams));
  co_return co_await session->wait();
}

std::string seconds_text(Duration span) { return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(span).count()) + "s"; }

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// Upstream expands a probe's command by what the spec itself says alone.
std::vector<std::string> literal_command(const corev1::ExecAction& action, const corev1::Container& container) {
  Environment literal;
  for (const auto& variable : container.env())
    if (!variable.has_valuefrom()) literal[variable.name()] = expand(variable.value(), literal);
  std::vector<std::string> command;
  for (const auto& word : action.command()) command.push_back(expand(word, literal));
  return command;
}

std::string get_error(const std::string& url, const FetchAnswer& answer) {
  if (answer.kind == FetchAnswer::Kind::kTimedOut)
    return "Get " + quoted(url) + ": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  return "Get " + quoted(url) + ": " + answer.error;
}

bool is_authorization(const std::string& header) {
  constexpr std::string_view kName = "authorization:";
  return header.size() > kName.size() && strncasecmp(header.c_str(), kName.data(), kName.size()) == 0;
}

bool is_followed(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

}  // namespace

Task<CheckResult> Checks::probe(CheckedContainerPtr container, corev1::Probe probe) {
  const Duration limit = probe_timeout(probe);
  const corev1::ProbeHandler& handler = probe.handler();
  if (handler.has_exec()) co_return co_await check_command(container, handler.exec(), limit);
  if (is_played()) co_return CheckResult{};
  if (handler.has_httpget()) co_return co_await check_http(container, handler.httpget(), limit);
  if (handler.has_tcpsocket()) co_return co_await check_tcp(container, handler.tcpsocket(), limit);
  if (handler.has_grpc()) co_return co_await check_grpc(container, handler.grpc(), limit);
  co_return CheckResult{Kind::kError, "missing probe handler for " + container->pod->metadata().name() + ":" + container->spec.name()};
}

Task<Result<Checks::CommandEnd>> Checks::run_command(std::string id, std::vector<std::string> command, Duration limit) {
  auto session = co_await runtime_.exec(std::move(id), {.command = std::move(command), .out = true, .err = true});
  if (!session) co_return std::unexpected(std::move(session).error());
  CommandEnd end;
  std::optional<Result<int>> code;
  if (limit == Duration{0}) {
    code = co_await run_to_end(loop_, session->get(), &end.output);
  } else {
    code = co_await with_timeout(loop_, limit, run_to_end(loop_, session->get(), &end.output));
  }
  end.timed_out = !code;
  if (!code) {
    (*session)->kill();
    co_return end;
  }
  CO_TRY(end.exit_code, std::move(*code));
  end.began = (*session)->began();
  co_return end;
}

Task<CheckResult> Checks::check_command(CheckedContainerPtr container, corev1::ExecAction action, Duration limit) {
  std::vector<std::string> command = literal_command(action, container->spec);
  std::string text;
  for (const auto& word : command) text += (text.empty() ? "" : " ") + word;
  auto end = co_await run_command(container->id, std::move(command), limit);
  if (!end) co_return CheckResult{Kind::kError, end.error().message};
  if (end->timed_out)
    co_return CheckResult{Kind::kFailure, "command timed out: " + quoted(text) + " timed out after " + seconds_text(limit)};
  if (!end->began) co_return CheckResult{Kind::kError, std::move(end->output)};
  co_return CheckResult{end->exit_code == 0 ? Kind::kSuccess : Kind::kFailure, std::move(end->output)};
}

// To the last answer: redirects on the same host are followed, one that leads elsewhere is itself the answer.
Task<FetchAnswer> Checks::follow(FetchRequest request) {
  const std::string host = host_of(request.url);
  const WallTime deadline = loop_.now() + request.timeout;
  const bool limited = request.timeout > Duration{0};
  for (int redirects = 0;; ++redirects) {
    FetchAnswer answer = co_await fetcher_.fetch(request);
    if (answer.kind != FetchAnswer::Kind::kAnswered || !is_followed(answer.status) || answer.location.empty()) co_return answer;
    if (host_of(answer.location) != host) co_return answer;
    if (redirects == kRedirectsMax) co_return FetchAnswer{.error = "stopped after 10 redirects"};
    request.url = answer.location;
    if (!limited) continue;
    request.timeout = deadline - loop_.now();
    if (request.timeout <= Duration{0}) co_return FetchAnswer{.kind = FetchAnswer::Kind::kTimedOut};
  }
}

Task<CheckResult> Checks::check_http(CheckedContainerPtr container, corev1::HTTPGetAction action, Duration limit) {
  auto request = http_request(action, container->spec, container->address, "probe");
  if (!request) co_return CheckResult{Kind::kError, request.error().message};
  request->timeout = limit;
  const std::string url = request->url;
  const FetchAnswer answer = co_await follow(*std::move(request));
  if (answer.kind != FetchAnswer::Kind::kAnswered) co_return CheckResult{Kind::kFailure, get_error(url, answer)};
  if (answer.status >= 300 && answer.status < 400)
    co_return CheckResult{Kind::kWarning, "Probe terminated redirects, Response body: " + answer.body};
  if (answer.status >= 200 && answer.status < 300) co_return CheckResult{Kind::kSuccess, answer.body};
  co_return CheckResult{Kind::kFailure, "HTTP probe failed with statuscode: " + std::to_string(answer.status)};
}

Task<CheckResult> Checks::check_tcp(CheckedContainerPtr container, corev1::TCPSocketAction action, Duration limit) {
  const auto port = resolve_port(action.port(), container->spec);
  if (!port) co_return CheckResult{Kind::kError, port.error().message};
  const std::string place = join_host_port(action.host().empty() ? container->address : action.host(), *port);
  const FetchAnswer answer = co_await fetcher_.fetch({.url = "http://" + place, .connect_only = true, .timeout = limit});
  if (answer.kind == FetchAnswer::Kind::kAnswered) co_return CheckResult{};
  const bool late = answer.kind == FetchAnswer::Kind::kTimedOut;
  co_return CheckResult{Kind::kFailure, "dial tcp " + place + ": " + (late ? "i/o timeout" : answer.error)};
}

Task<Checks::HookResult> Checks::hook(CheckedContainerPtr container, corev1::LifecycleHandler handler) {
  const std::string whose = " for Container " + quoted(container->spec.name()) + " in Pod " +
                            quoted(container->pod->metadata().name() + "_" + container->pod->metadata().namespace_() + "(" +
                                   container->pod->metadata().uid() + ")") +
                            " failed - error: ";
  if (handler.has_exec()) {
    std::string words;
    for (const auto& word : handler.exec().command()) words += (words.empty() ? "" : " ") + word;
    const std::string what = "Exec lifecycle hook ([" + words + "])" + whose;
    auto end = co_await run_command(container->id, {handler.exec().command().begin(), handler.exec().command().end()}, Duration{0});
    if (!end) co_return HookResult{.text = what + end.error().message};
    if (end->exit_code == 0) co_return HookResult{.done = true};
    co_return HookResult{.text = what + "command exited with " + std::to_string(end->exit_code) + ", message: " + quoted(end->output)};
  }
  if (handler.has_httpget()) {
    if (is_played()) co_return HookResult{.done = true};
    const std::string what = "HTTP lifecycle hook (" + handler.httpget().path() + ")" + whose;
    auto request = http_request(handler.httpget(), container->spec, container->address, "lifecycle");
    if (!request) co_return HookResult{.text = what + request.error().message};
    const std::string url = request->url;
    FetchAnswer answer = co_await follow(*request);
    if (answer.kind == FetchAnswer::Kind::kNotTls) {
      request->url.replace(0, std::string_view("https").size(), "http");
      std::erase_if(request->headers, is_authorization);
      answer = co_await follow(*request);
      if (answer.kind == FetchAnswer::Kind::kAnswered)
        co_return HookResult{.done = true, .remark = "request to HTTPS lifecycle hook got HTTP response, retry with HTTP succeeded"};
    }
    if (answer.kind == FetchAnswer::Kind::kAnswered) co_return HookResult{.done = true};
    co_return HookResult{.text = what + get_error(url, answer)};
  }
  if (handler.has_sleep()) {
    co_await sleep_for(loop_, std::chrono::seconds(handler.sleep().seconds()));
    co_return HookResult{.done = true};
  }
  co_return HookResult{.text = "Cannot run handler: invalid handler"};
}

}  // namespace stint
