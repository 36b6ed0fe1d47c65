// DNS messages from anybody: whatever comes is read, dropped or refused; a reply is never longer than it may be, and is itself a message
// that belongs to its query.
#include "fuzz.h"
#include "node/dns/answer.h"
#include "node/dns/message.h"

namespace stint::fuzz {
namespace {

void answer_query(const dns::Query& query, std::string_view input) {
  const dns::Directory nobody;
  const dns::PodNetwork network{.host_address = 0x0a580001, .pods = {0x0a580000, 20}};
  const dns::Verdict verdict = dns::answer(query.question, nobody, network, 1);
  dns::Answer answer{.rcode = dns::Rcode::kNoError, .records = {}, .additional = {}};
  if (const auto* known = std::get_if<dns::Answer>(&verdict)) answer = *known;
  for (uint32_t i = 0; i < 100; ++i) answer.records.push_back(dns::address_record(query.question.name, i));
  answer.additional.push_back(dns::service_record(query.question.name, 1, query.question.name));
  const std::string reply = dns::encode(query, answer, query.datagram_bytes_max);
  expect(reply.size() <= query.datagram_bytes_max, input);
  expect(dns::replies_to(reply, query.id, query.question), input, reply);
  expect(dns::addresses_of(reply, dns::kA, {}).size() <= 100, input);
  const std::string again = dns::encode_query(query.id, query.question);
  const auto parsed = dns::parse_query(again);
  expect(parsed && parsed->question == query.question, input, again);
}

}  // namespace

void run(std::string_view input) {
  if (const auto query = dns::parse_query(input)) {
    answer_query(*query, input);
  } else {
    expect(query.error().empty() || query.error().size() == 12, input);
  }
  // The same bytes as another server's reply.
  const dns::Question question{.name = {"a"}, .type = dns::kA, .klass = dns::kInternet};
  if (!dns::replies_to(input, 0x1234, question)) return;
  static_cast<void>(dns::is_truncated(input));
  static_cast<void>(dns::rcode_of(input));
  for (const uint16_t type : {dns::kA, dns::kAaaa}) {
    for (const dns::Record& record : dns::addresses_of(input, type, {"b"})) expect(record.data.size() == (type == dns::kA ? 4 : 16), input);
  }
}

}  // namespace stint::fuzz
