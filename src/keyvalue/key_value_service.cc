#include "keyvalue/key_value_service.h"

#include "base/log.h"

namespace stint::keyvalue {
namespace {

struct Route {
  std::string_view method;
  std::string_view verb;
  size_t arguments;
};
constexpr Route kRoutes[] = {{"GET", "GetAppKey", 0}, {"GET", "GetValue", 2}, {"POST", "UpdateValue", 3}, {"POST", "ActOnValue", 3}};

std::string json_string(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

// "/api/KeyVal/GetValue/a/b%2Fc" → GetValue, a, b/c. Nothing when it is no path of this service.
std::optional<std::vector<std::string>> split(std::string_view path) {
  constexpr std::string_view kPrefix = "/api/KeyVal/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  std::vector<std::string> segments;
  while (true) {
    const size_t end = path.find('/');
    auto segment = http::percent_decode(path.substr(0, end));
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

const Route* find_route(const std::vector<std::string>& segments) {
  for (const Route& route : kRoutes) {
    if (segments[0] == route.verb && segments.size() == route.arguments + 1) return &route;
  }
  return nullptr;
}

}  // namespace

KeyValueService::KeyValueService(Loop& loop, std::unique_ptr<KeyValueStore> store) : loop_(loop), store_(std::move(store)), free_(loop) {}

template <class Work>
Task<std::invoke_result_t<Work>> KeyValueService::in_turn(Work work) {
  while (busy_) co_await free_.wait();
  struct Turn {
    KeyValueService& service;
    explicit Turn(KeyValueService& s) : service(s) {
      service.busy_ = true;
      service.free_.reset();
    }
    ~Turn() {
      service.busy_ = false;
      service.free_.set();
    }
  } turn(*this);
  co_return co_await on_pool(loop_, std::move(work));
}

Task<Result<std::string>> KeyValueService::answer(std::string method, std::vector<std::string> segments) {
  const Route* route = find_route(segments);
  if (route == nullptr) co_return fail(Reason::kNotFound, "no such call; the service knows GetAppKey, GetValue, UpdateValue, ActOnValue");
  if (method != route->method) co_return fail(Reason::kMethodNotAllowed, std::string(route->verb) + " wants " + std::string(route->method));
  auto store = store_;
  if (route->verb == "GetAppKey") {
    CO_TRY(std::string key, co_await in_turn([store, seed = loop_.rng().next()] { return store->make_app_key(*seeded_rng(seed)); }));
    co_return json_string(key);
  }
  if (segments[1].empty() || segments[2].empty()) co_return fail(Reason::kBadRequest, "the application key and the key may not be empty");
  if (route->verb == "GetValue") {
    CO_TRY(std::string value, co_await in_turn([store, segments] { return store->get(segments[1], segments[2]); }));
    co_return json_string(value);
  }
  if (route->verb == "UpdateValue") {
    CO_TRY_VOID(co_await in_turn([store, segments] { return store->set(segments[1], segments[2], segments[3]); }));
    co_return "true";
  }
  if (segments[3] != "Increment" && segments[3] != "Decrement") {
    co_return fail(Reason::kBadRequest, "unknown action \"" + segments[3].substr(0, 64) + "\": use Increment or Decrement");
  }
  const Action action = segments[3] == "Increment" ? Action::kIncrement : Action::kDecrement;
  CO_TRY_VOID(co_await in_turn([store, segments, action] { return store->act(segments[1], segments[2], action); }));
  co_return "true";
}

Task<void> KeyValueService::handle(http::Request request, http::Response& response) {
  auto segments = split(request.path);
  Result<std::string> body = fail(Reason::kNotFound, "no such path; calls are below /api/KeyVal/");
  if (segments) body = co_await answer(request.method == "HEAD" ? "GET" : request.method, std::move(*segments));
  if (body) {
    co_await response.send(200, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(*body));
    co_return;
  }
  const Error& error = body.error();
  if (error.http_status() >= 500) log_error("key-value request failed", "path", request.path, "error", error.message);
  http::Headers headers{{"Content-Type", "application/json; charset=utf-8"}};
  if (error.reason == Reason::kMethodNotAllowed) headers.emplace_back("Allow", request.method == "GET" ? "POST" : "GET");
  co_await response.send(error.http_status(), std::move(headers), "{\"error\":" + json_string(error.message) + "}\n");
}

}  // namespace stint::keyvalue
