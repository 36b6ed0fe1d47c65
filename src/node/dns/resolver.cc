#include "node/dns/resolver.h"

#include "base/log.h"
#include "node/dns/stream.h"

namespace stint::dns {
namespace {

// Read in one turn of the loop before others get theirs.
constexpr int kDatagramsATurn = 64;
constexpr Duration kAcceptRetry = std::chrono::milliseconds(100);

}  // namespace

Bounds::Held::~Held() {
  if (bounds_ == nullptr) return;
  --bounds_->all_;
  const auto found = bounds_->each_.find(client_);
  if (--found->second == 0) bounds_->each_.erase(found);
}

std::optional<Bounds::Held> Bounds::take(uint32_t client) {
  if (all_ >= all_max_) return std::nullopt;
  const auto found = each_.find(client);
  if (found != each_.end() && found->second >= each_max_) return std::nullopt;
  ++all_;
  ++each_[client];
  return Held(*this, client);
}

Resolver::Resolver(Loop& loop, const Directory& directory, ResolverOptions options)
    : loop_(loop),
      directory_(directory),
      options_(std::move(options)),
      forwarder_(loop, options_.servers, options_.attempt_limit),
      scope_(loop) {}

Resolver::~Resolver() = default;

Result<void> Resolver::start() {
  TRY(network_.host_address, os::parse_ipv4(options_.address));
  TRY(network_.pods, os::subnet_with(network_.host_address));
  TRY(os::Endpoint own, os::Endpoint::of(options_.address, options_.port));
  TRY(os::Descriptor datagrams, os::bind_datagrams(own));
  TRY(own, os::own_endpoint(datagrams.get()));
  TRY(streams_, os::listen_for_streams(own));
  datagrams_ = std::move(datagrams);
  port_ = own.port();
  scope_.spawn(serve_datagrams());
  scope_.spawn(serve_streams());
  return {};
}

// --- datagrams ---

Task<void> Resolver::serve_datagrams() {
  while (true) {
    co_await readable(loop_, datagrams_.get());
    for (int turn = 0; turn < kDatagramsATurn; ++turn) {
      auto datagram = os::receive_datagram(datagrams_.get(), kQueryBytesMax + 1);
      if (!datagram && datagram.error().reason == Reason::kNotFound) break;
      if (datagram) datagram_came(*std::move(datagram));
    }
  }
}

// What is known is answered at once; what has to be asked for takes its time beside the others.
void Resolver::datagram_came(os::Datagram datagram) {
  if (!network_.pods.contains(datagram.from.ipv4())) return;
  auto query = parse_query(datagram.bytes);
  if (!query) {
    if (!query.error().empty()) os::send_datagram(datagrams_.get(), query.error(), datagram.from);
    return;
  }
  Verdict verdict = answer(query->question, directory_, network_, loop_.rng().next());
  if (const auto* known = std::get_if<Answer>(&verdict)) {
    os::send_datagram(datagrams_.get(), encode(*query, *known, query->datagram_bytes_max), datagram.from);
    return;
  }
  auto held = asked_.take(datagram.from.ipv4());
  if (held) scope_.spawn(answer_datagram(*std::move(query), std::move(datagram), std::move(verdict), *std::move(held)));
}

Task<void> Resolver::answer_datagram(Query query, os::Datagram datagram, Verdict verdict, Bounds::Held held) {
  static_cast<void>(held);
  const std::string reply = co_await finish(std::move(query), std::move(datagram.bytes), std::move(verdict), Transport::kDatagram);
  os::send_datagram(datagrams_.get(), reply, datagram.from);
}

// --- streams ---

Task<void> Resolver::serve_streams() {
  while (true) {
    co_await readable(loop_, streams_.get());
    auto caller = os::accept_stream(streams_.get());
    if (!caller) {
      // Out of descriptors, say: whoever waits still does.
      if (caller.error().reason != Reason::kNotFound) co_await sleep_for(loop_, kAcceptRetry);
      continue;
    }
    if (!network_.pods.contains(caller->from.ipv4())) continue;
    auto held = connected_.take(caller->from.ipv4());
    if (held) scope_.spawn(serve_stream(*std::move(caller), *std::move(held)));
  }
}

// One query after the other, until the client hangs up or is silent.
Task<void> Resolver::serve_stream(os::Caller caller, Bounds::Held held) {
  static_cast<void>(held);
  const int fd = caller.stream.get();
  while (true) {
    auto message = co_await with_timeout(loop_, kStreamLimit, receive_message(loop_, fd, kQueryBytesMax));
    if (!message || !*message) co_return;
    std::string reply = co_await reply_to(**std::move(message));
    if (reply.empty()) co_return;
    const auto sent = co_await with_timeout(loop_, kStreamLimit, send_message(loop_, fd, std::move(reply)));
    if (!sent || !*sent) co_return;
  }
}

Task<std::string> Resolver::reply_to(std::string bytes) {
  auto query = parse_query(bytes);
  if (!query) co_return std::move(query).error();
  Verdict verdict = answer(query->question, directory_, network_, loop_.rng().next());
  co_return co_await finish(*std::move(query), std::move(bytes), std::move(verdict), Transport::kStream);
}

// --- both ---

Task<std::string> Resolver::finish(Query query, std::string bytes, Verdict verdict, Transport transport) {
  if (std::holds_alternative<Forward>(verdict)) co_return co_await forwarder_.ask(std::move(query), std::move(bytes), transport);
  const size_t bytes_max = transport == Transport::kStream ? kMessageBytesMax : query.datagram_bytes_max;
  if (const auto* known = std::get_if<Answer>(&verdict)) co_return encode(query, *known, bytes_max);
  const Answer found = co_await follow(query.question, std::get<Alias>(verdict).target, transport);
  co_return encode(query, found, bytes_max);
}

// A Service may stand for another one, but not for one that stands for something else again: those could go round in a circle.
Task<Answer> Resolver::follow(Question question, Name target, Transport transport) {
  const Question further{.name = target, .type = question.type, .klass = question.klass};
  Verdict verdict = answer(further, directory_, network_, loop_.rng().next());
  if (std::holds_alternative<Forward>(verdict)) co_return co_await forwarder_.follow(std::move(question), std::move(target), transport);
  Answer found{.rcode = Rcode::kServFail};
  if (auto* known = std::get_if<Answer>(&verdict)) {
    found = std::move(*known);
    found.records.insert(found.records.begin(), alias_record(question.name, target));
  }
  co_return found;
}

}  // namespace stint::dns
