#include "server/rest/pod_proxy.h"

#include <gmock/gmock.h>

#include "server/rest/rest_testing.h"

namespace stint::rest {
namespace {

using testing::HasSubstr;
using testing::Not;

ProxyName name_of(const std::string& text) { return parse_proxy_name(text).value_or(ProxyName{.pod = "refused"}); }
std::string shown(const ProxyName& name) { return name.scheme + "|" + name.pod + "|" + name.port; }

corev1::Pod pod_at(const std::string& address) {
  corev1::Pod pod;
  pod.mutable_status()->set_podip(address);
  return pod;
}

TEST(PodProxy, ReadsSchemeNameAndPort) {
  EXPECT_EQ(shown(name_of("p")), "http|p|");
  EXPECT_EQ(shown(name_of("p:80")), "http|p|80");
  EXPECT_EQ(shown(name_of("https:p:")), "https|p|");
  EXPECT_EQ(shown(name_of(":p:80")), "http|p|80");
  for (const std::string bad : {"ftp:p:80", "http::80", ":", "a:b:c:d"}) {
    const auto refused = parse_proxy_name(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message, "invalid pod request \"" + bad + "\"");
  }
}

TEST(PodProxy, TakesTheFirstPortDeclaredWhenNoneIsNamed) {
  corev1::Pod pod = pod_at("10.1.2.3");
  EXPECT_EQ(find_proxy_place(name_of("p"), pod).value().port, "80");
  EXPECT_EQ(find_proxy_place(name_of("https:p:"), pod).value().port, "443");
  pod.mutable_spec()->add_containers();
  pod.mutable_spec()->add_containers()->add_ports()->set_containerport(8080);
  EXPECT_EQ(find_proxy_place(name_of("p"), pod).value().port, "8080");
  EXPECT_EQ(find_proxy_place(name_of("p:9"), pod).value().port, "9");
}

TEST(PodProxy, LeadsToNoAddressThatIsThisMachinesOwn) {
  for (const char* address : {"", "127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1", "ff02::1",
                              "::ffff:127.0.0.1", "localhost"}) {
    const auto refused = find_proxy_place(name_of("p"), pod_at(address));
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().message, "address not allowed");
  }
  EXPECT_TRUE(find_proxy_place(name_of("p"), pod_at("fd00::1")));
}

TEST(PodProxy, EncodesThePathAnewAndLeavesTheQuery) {
  EXPECT_EQ(proxy_target("/a b/\r\nX: y/c;d=e@f%", "q=%20&r"), "/a%20b/%0D%0AX:%20y/c;d=e@f%25?q=%20&r");
}

TEST(PodProxy, KeepsWhatTellsWhoTheClientIsFromThePod) {
  http::Request request{.method = "POST", .body = "four", .remote = "10.0.0.9:4242"};
  request.headers = {{"Authorization", "Bearer secret"},
                     {"Impersonate-User", "u"},
                     {"impersonate-extra-x", "y"},
                     {"Connection", "close, X-Hop"},
                     {"X-Hop", "1"},
                     {"Transfer-Encoding", "gzip"},
                     {"X-Forwarded-For", "10.0.0.1"},
                     {"X-Mine", "kept"}};
  const std::string lines = proxy_request_headers(request, "/prefix/proxy", "/x", "");
  EXPECT_THAT(lines, HasSubstr("X-Mine: kept\r\n"));
  EXPECT_THAT(lines, HasSubstr("X-Forwarded-For: 10.0.0.1, 10.0.0.9\r\n"));
  EXPECT_THAT(lines, HasSubstr("X-Forwarded-Uri: /prefix/proxy/x\r\n"));
  EXPECT_THAT(lines, HasSubstr("Content-Length: 4\r\n"));
  for (const char* gone : {"secret", "mpersonate", "X-Hop", "gzip"}) EXPECT_THAT(lines, Not(HasSubstr(gone)));
}

TEST(PodProxy, APageOfThePodDoesNotSpeakForTheServer) {
  const http::ResponseHead head{
      .status = 200, .headers = {{"Access-Control-Allow-Origin", "*"}, {"Keep-Alive", "timeout=5"}, {"Content-Type", "text/plain"}}};
  EXPECT_EQ(proxy_answer_headers(head), (http::Headers{{"Content-Type", "text/plain"}}));
}

TEST(PodProxy, RedirectionsWithinThePodStayBehindTheProxy) {
  const auto led = [](const char* to) { return proxied_location(to, "api:6443", "10.1.2.3:80", "/n/proxy"); };
  EXPECT_EQ(led("/x/"), "/n/proxy/x/");
  EXPECT_EQ(led("http://10.1.2.3:80/x?q"), "/n/proxy/x?q");
  EXPECT_EQ(led("https://api:6443/x"), "https://api:6443/n/proxy/x");
  EXPECT_EQ(led("/n/proxy/x"), "/n/proxy/x");
  EXPECT_EQ(led("next"), "next");
  EXPECT_EQ(led("http://elsewhere/x"), "http://elsewhere/x");
  EXPECT_EQ(led("/login?to=http://elsewhere/"), "/n/proxy/login?to=http://elsewhere/");
}

class PodProxyRest : public RestTest {};

TEST_F(PodProxyRest, RefusesWhatLeadsNowhere) {
  post("/api/v1/namespaces/default/pods",
       R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  EXPECT_EQ(get("/api/v1/namespaces/default/pods/none/proxy/")->code, 404);
  EXPECT_EQ(get("/api/v1/pods/p/proxy/")->code, 404);  // in no namespace
  EXPECT_EQ(get("/api/v1/watch/namespaces/default/pods/p/proxy/")->code, 405);
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    const auto refused = send(method, "/api/v1/namespaces/default/pods/p/proxy/deep/down", "");
    EXPECT_EQ(refused->code, 400) << method;
    EXPECT_THAT(refused->text, HasSubstr("address not allowed"));
  }
  EXPECT_THAT(get("/api/v1/namespaces/default/pods/ftp:p:1/proxy/")->text, HasSubstr(R"(invalid pod request \"ftp:p:1\")"));
  EXPECT_EQ(send_as_is("GET", "/api/v1/namespaces/default/pods/p/proxy/")->code, 403);
}

}  // namespace
}  // namespace stint::rest
