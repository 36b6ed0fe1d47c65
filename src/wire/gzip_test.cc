#include "wire/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "wire/http.h"

namespace stint::http {
namespace {

std::string gunzipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(4'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, ComesBackAsItWas) {
  Body body("<");
  for (int i = 0; i < 100'000; ++i) body.append(std::to_string(i * 7919));
  body.append_literal(">");
  const std::string packed = gzipped(body).text();
  EXPECT_LT(packed.size(), body.size() / 2);
  EXPECT_EQ(gunzipped(packed), body.text());
  EXPECT_EQ(gunzipped(gzipped(Body()).text()), "");
}

TEST(Gzip, IsForClientsThatAskAndAreElsewhere) {
  const auto wants = [](std::string remote, std::string encoding) {
    return wants_gzip(Request{.headers = {{"accept-encoding", std::move(encoding)}}, .remote = std::move(remote)});
  };
  EXPECT_TRUE(wants("10.88.0.7:4242", "gzip"));
  EXPECT_TRUE(wants("10.88.0.7:4242", "br, gzip"));
  EXPECT_FALSE(wants("10.88.0.7:4242", "br"));
  EXPECT_FALSE(wants("10.88.0.7:4242", ""));
  EXPECT_FALSE(wants("127.0.0.1:4242", "gzip"));
  EXPECT_FALSE(wants("::1:4242", "gzip"));
}

}  // namespace
}  // namespace stint::http
