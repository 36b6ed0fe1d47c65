#include "node/dns/forwarder.h"

#include "base/log.h"
#include "node/dns/stream.h"
#include "node/resolv_conf.h"
#include "os/file.h"

namespace stint::dns {
namespace {

constexpr int kPort = 53;
constexpr int kAttemptsMax = 4;
constexpr size_t kServersMax = 3;  // as many as libc asks
constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr size_t kFileBytesMax = 64 * 1024;

// "" if the server cannot be asked. Replies to other questions are passed over.
Task<std::string> exchange_datagrams(Loop& loop, os::Endpoint server, std::string bytes, uint16_t id, Question question) {
  const auto socket = os::connect_datagrams(server);
  if (!socket) co_return "";
  os::send_datagram(socket->get(), bytes, {});
  while (true) {
    auto reply = os::receive_datagram(socket->get(), kMessageBytesMax);
    if (!reply && reply.error().reason != Reason::kNotFound) co_return "";
    if (!reply) {
      co_await readable(loop, socket->get());
    } else if (replies_to(reply->bytes, id, question)) {
      co_return std::move(reply->bytes);
    }
  }
}

Task<std::string> exchange_stream(Loop& loop, os::Endpoint server, std::string bytes, uint16_t id, Question question) {
  auto stream = co_await os::connect_stream(loop, server);
  if (!stream) co_return "";
  auto sent = co_await send_message(loop, stream->get(), std::move(bytes));
  if (!sent) co_return "";
  auto reply = co_await receive_message(loop, stream->get(), kMessageBytesMax);
  if (!reply || !replies_to(*reply, id, question)) co_return "";
  co_return *std::move(reply);
}

// The server itself is in trouble or does not want to: another may know more.
bool says_nothing(std::string_view reply) {
  const Rcode rcode = rcode_of(reply);
  return rcode == Rcode::kServFail || rcode == Rcode::kRefused || rcode == Rcode::kNotImp;
}

std::string trouble(const Query& query, Rcode rcode) {
  return encode(query, {.rcode = rcode, .authoritative = false, .records = {}, .additional = {}}, kPlainDatagramBytes);
}

}  // namespace

Task<std::string> Forwarder::ask(Query query, std::string bytes, Transport transport) {
  const auto servers = servers_();
  if (servers.empty()) co_return trouble(query, Rcode::kRefused);
  std::string said_nothing;
  size_t said_nothing_count = 0;
  for (size_t attempt = 0; attempt < kAttemptsMax && said_nothing_count < servers.size(); ++attempt) {
    const os::Endpoint& server = servers[attempt % servers.size()];
    const auto id = static_cast<uint16_t>(loop_.rng().next());
    std::string asked = with_id(bytes, id);
    auto reply = co_await with_timeout(loop_, attempt_limit_, exchange_datagrams(loop_, server, asked, id, query.question));
    if (!reply || reply->empty()) continue;
    if (is_truncated(*reply) && transport == Transport::kStream) {
      auto whole = co_await with_timeout(loop_, attempt_limit_, exchange_stream(loop_, server, std::move(asked), id, query.question));
      if (whole && !whole->empty()) reply = std::move(whole);
    }
    std::string own = with_id(*std::move(reply), query.id);
    if (!says_nothing(own)) co_return own;
    said_nothing = std::move(own);
    ++said_nothing_count;
  }
  co_return said_nothing.empty() ? trouble(query, Rcode::kServFail) : said_nothing;
}

Task<Answer> Forwarder::follow(Question question, Name target, Transport transport) {
  Answer answer{.authoritative = false, .records = {alias_record(question.name, target)}, .additional = {}};
  if (question.type != kA && question.type != kAaaa) co_return answer;
  const Question further{.name = target, .type = question.type, .klass = question.klass};
  const std::string bytes = encode_query(0, further);
  const std::string reply = co_await ask(*parse_query(bytes), bytes, transport);
  answer.rcode = rcode_of(reply);
  for (Record& record : addresses_of(reply, question.type, target)) answer.records.push_back(std::move(record));
  co_return answer;
}

HostResolvers::HostResolvers(Loop& loop, std::string path, std::string own_address)
    : loop_(loop), path_(std::move(path)), own_address_(std::move(own_address)) {}

std::vector<os::Endpoint> HostResolvers::current() {
  const WallTime now = loop_.now();
  if (now - looked_at_ < kLookEvery && now >= looked_at_) return servers_;
  looked_at_ = now;
  const auto modified = os::modified_at(path_);
  if (modified && *modified == modified_at_) return servers_;
  modified_at_ = modified.value_or(WallTime());
  servers_.clear();
  const auto text = os::read_file(path_, kFileBytesMax);
  if (!text) log_warning("resolvers of this machine are not known", "error", text.error().message);
  for (const std::string& address : parse_resolv_conf(text.value_or("")).servers) {
    const auto server = os::Endpoint::of(address, kPort);
    if (server && address != own_address_ && servers_.size() < kServersMax) servers_.push_back(*server);
  }
  return servers_;
}

}  // namespace stint::dns
