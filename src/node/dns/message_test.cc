#include "node/dns/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint::dns {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

const std::string kHeader = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"s;
const std::string kQuestion = "\x01"s + "A" + "\x02" + "bC" + "\0\x00\x01\x00\x01"s;

std::string with_option(std::string query, uint16_t bytes_max) {
  query[11] = 1;
  query += "\0\x00\x29"s + static_cast<char>(bytes_max >> 8) + static_cast<char>(bytes_max & 0xff) + "\0\0\0\0\0\0"s;
  return query;
}

int rcode(const std::expected<Query, std::string>& query) { return query ? -1 : query.error().empty() ? -2 : query.error()[3] & 0x0f; }

TEST(DnsMessage, ReadsAQuestionInLowerCaseAndKeepsItsBytes) {
  const auto query = parse_query(kHeader + kQuestion);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_TRUE(query->recursion_desired);
  EXPECT_THAT(query->question.name, ElementsAre("a", "bc"));
  EXPECT_EQ(query->question.type, kA);
  EXPECT_EQ(query->question_bytes, kQuestion);
  EXPECT_EQ(query->datagram_bytes_max, 512u);
}

TEST(DnsMessage, TakesTheSizeOfDatagramsFromTheOption) {
  const auto size = [](uint16_t asked) { return parse_query(with_option(kHeader + kQuestion, asked))->datagram_bytes_max; };
  EXPECT_EQ(size(100), 512u);
  EXPECT_EQ(size(800), 800u);
  EXPECT_EQ(size(65535), 1232u);
}

TEST(DnsMessage, RepliesAreNeverRepliedTo) {
  std::string reply = kHeader + kQuestion;
  reply[2] = '\x81';
  EXPECT_EQ(rcode(parse_query(reply)), -2);
  EXPECT_EQ(rcode(parse_query("")), -2);
  EXPECT_EQ(rcode(parse_query(kHeader.substr(0, 11))), -2);
}

TEST(DnsMessage, RefusesWhatIsMalformed) {
  const auto changed = [](size_t at, char to) {
    std::string bytes = kHeader + kQuestion;
    bytes[at] = to;
    return rcode(parse_query(bytes));
  };
  EXPECT_EQ(changed(2, 0x10), 4) << "another operation";
  EXPECT_EQ(changed(5, 0), 1) << "no question";
  EXPECT_EQ(changed(5, 2), 1) << "two questions";
  EXPECT_EQ(changed(11, 1), 1) << "a record that is not there";
  EXPECT_EQ(changed(12, '\xc0'), 1) << "a pointer";
  EXPECT_EQ(changed(12, 60), 1) << "a label longer than what is there";
  for (size_t size = kHeader.size(); size < (kHeader + kQuestion).size(); ++size)
    EXPECT_EQ(rcode(parse_query((kHeader + kQuestion).substr(0, size))), 1) << size;
  EXPECT_EQ(rcode(parse_query(kHeader + kQuestion + std::string(kQueryBytesMax, 'x'))), 1) << "giant";
}

TEST(DnsMessage, NamesHaveAtMost255Bytes) {
  const auto named = [](int labels, int last) {
    std::string bytes = kHeader;
    for (int i = 0; i < labels; ++i) bytes += "\x3f" + std::string(63, 'a');
    bytes += static_cast<char>(last) + std::string(static_cast<size_t>(last), 'b');
    return rcode(parse_query(bytes + "\0\x00\x01\x00\x01"s));
  };
  EXPECT_EQ(named(3, 61), -1);
  EXPECT_EQ(named(3, 62), 1);
  EXPECT_TRUE(parse_name(std::string(63, 'a') + ".b."));
  EXPECT_FALSE(parse_name(std::string(64, 'a')));
  EXPECT_FALSE(parse_name("a..b"));
  EXPECT_FALSE(parse_name("."));
  std::string long_name;
  for (int i = 0; i < 127; ++i) long_name += "a.";
  EXPECT_TRUE(parse_name(long_name));
  EXPECT_FALSE(parse_name(long_name + "a"));
}

TEST(DnsMessage, WritesAddressesUnderTheQuestionsName) {
  const auto query = parse_query(kHeader + kQuestion);
  const std::string reply = encode(*query, {.records = {address_record(query->question.name, 0x0a580005)}}, 512);
  EXPECT_EQ(reply, "\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00"s + kQuestion +
                       "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\x0a\x58\x00\x05"s);
  EXPECT_TRUE(replies_to(reply, 0x1234, query->question));
  EXPECT_FALSE(replies_to(reply, 0x1235, query->question));
  EXPECT_FALSE(replies_to(reply, 0x1234, {.name = {"a", "bd"}, .type = kA, .klass = kInternet}));
  EXPECT_FALSE(is_truncated(reply));
  const auto addresses = addresses_of(reply, kA, {"x"});
  ASSERT_EQ(addresses.size(), 1u);
  EXPECT_EQ(addresses[0].data, "\x0a\x58\x00\x05"s);
  EXPECT_TRUE(addresses_of(reply, kAaaa, {"x"}).empty());
}

TEST(DnsMessage, WhatFindsNoRoomIsCutOffAndSaidToBe) {
  const auto query = parse_query(with_option(kHeader + kQuestion, 600));
  Answer answer;
  for (uint32_t i = 0; i < 100; ++i) answer.records.push_back(address_record(query->question.name, i));
  const std::string reply = encode(*query, answer, query->datagram_bytes_max);
  EXPECT_LE(reply.size(), 600u);
  EXPECT_GT(reply.size(), 600u - 16);
  EXPECT_TRUE(is_truncated(reply));
  const std::string whole = encode(*query, answer, kMessageBytesMax);
  EXPECT_FALSE(is_truncated(whole));
  EXPECT_EQ(whole[7], 100);

  answer.records.resize(1);
  for (uint32_t i = 0; i < 100; ++i) answer.additional.push_back(address_record({"b"}, i));
  EXPECT_FALSE(is_truncated(encode(*query, answer, query->datagram_bytes_max))) << "nobody misses these";
}

TEST(DnsMessage, NamesEndInTheirDomain) {
  EXPECT_THAT(*labels_below({"a", "b", "c"}, {"b", "c"}), ElementsAre("a"));
  EXPECT_TRUE(labels_below({"b", "c"}, {"b", "c"})->empty());
  EXPECT_FALSE(labels_below({"c"}, {"b", "c"}));
}

}  // namespace
}  // namespace stint::dns
