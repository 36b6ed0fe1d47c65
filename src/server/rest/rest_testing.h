// For the tests of this folder: a handler over a real server and the memory store in virtual time. Loop thread only.
#pragma once

#include "server/rest/recorded_response.h"
#include "server/rest/rest.h"
#include "server/testing.h"

namespace stint::rest {

class RestTest : public ServerTest {
 protected:
  RestTest() {
    RestOptions options;
    options.server_address = "127.0.0.1:6443";
    options.health_checks.push_back({"store", [this] { return store_health_; }});
    options.logs = logs_.get();
    handler_ = std::make_unique<RestHandler>(loop_, *server_, std::move(options));
  }

  static http::Request make_request(std::string method, std::string target, std::string body, http::Headers headers) {
    http::Request request{.method = std::move(method), .target = target};
    size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != target.npos) request.query = target.substr(mark + 1);
    request.body = std::move(body);
    request.headers = std::move(headers);
    return request;
  }

  using Response = std::shared_ptr<RecordedResponse>;
  // Whole exchanges; whoever asks is the administrator unless the headers name somebody.
  Response send(std::string method, std::string target, std::string body, http::Headers headers = {}) {
    headers.emplace_back("Authorization", "Bearer secret");
    return send_as_is(std::move(method), std::move(target), std::move(body), std::move(headers));
  }
  Response send_as_is(std::string method, std::string target, std::string body = "", http::Headers headers = {}) {
    auto response = std::make_shared<RecordedResponse>();
    Scope scope(loop_);
    scope.spawn(handler_->handle(make_request(std::move(method), std::move(target), std::move(body), std::move(headers)), *response));
    loop_.run_ready();
    if (!response->ended) loop_.run_for(std::chrono::seconds(70));
    EXPECT_TRUE(response->ended) << "no answer";
    return response;
  }
  Response get(std::string target, http::Headers headers = {}) { return send("GET", std::move(target), "", std::move(headers)); }
  Response post(std::string target, std::string_view body) { return send("POST", std::move(target), std::string(body)); }

  // An exchange that goes on while the scope lives.
  Response open(std::string target, Scope& scope, http::Headers headers = {}, http::WebSocket* websocket = nullptr) {
    auto response = std::make_shared<RecordedResponse>();
    response->websocket = websocket;
    headers.emplace_back("Authorization", "Bearer secret");
    scope.spawn(handler_->handle(make_request("GET", std::move(target), "", std::move(headers)), *response));
    loop_.run_ready();
    return response;
  }

  Result<void> store_health_;
  std::unique_ptr<LogSource> logs_;
  std::unique_ptr<RestHandler> handler_;
};

}  // namespace stint::rest
