#include "server/rest/rest.h"

#include "api/go_duration.h"
#include "api/table.h"
#include "server/metadata.h"
#include "server/rest/authentication.h"
#include "server/rest/decode.h"
#include "server/rest/documents.h"
#include "server/rest/health.h"
#include "server/rest/pod_log.h"
#include "server/rest/representation.h"
#include "server/rest/request_info.h"
#include "server/rest/request_metrics.h"
#include "server/rest/status_text.h"
#include "server/rest/watch_stream.h"

namespace stint {
namespace rest {
namespace {

// How long a request may take; `timeout=` in the query may only shorten it. Streams are not bound by it.
constexpr Duration kReadLimit = std::chrono::seconds(60);
constexpr Duration kWriteLimit = std::chrono::seconds(34);

// One HTTP request as far as it is understood.
struct Exchange {
  http::Request http;
  http::Response& response;
  Query query;
  RequestInfo info;
  User user;
  std::string audit_id;
  WallTime arrived;
};

// What a path leads to.
struct Target {
  const Kind* kind = nullptr;  // null: nothing is served there
  Verb verb = Verb::kGet;
  bool allowed = true;  // false: it is served, but not by this method
};

std::optional<Verb> verb_of(std::string_view name) {
  constexpr std::pair<std::string_view, Verb> kVerbs[] = {
      {"get", Verb::kGet},       {"list", Verb::kList},   {"watch", Verb::kWatch},   {"create", Verb::kCreate},
      {"update", Verb::kUpdate}, {"patch", Verb::kPatch}, {"delete", Verb::kDelete}, {"deletecollection", Verb::kDeleteCollection}};
  for (const auto& [known, verb] : kVerbs) {
    if (known == name) return verb;
  }
  return std::nullopt;
}

// Whether the verb goes with one object, a collection, or a collection over all namespaces.
bool fits_path(Verb verb, const RequestInfo& info, const Kind& kind) {
  bool on_collection = info.name.empty();
  bool across_namespaces = kind.namespaced && info.ns.empty();
  if (across_namespaces) return verb == Verb::kList || verb == Verb::kWatch;
  if (verb == Verb::kCreate) return on_collection || !info.subresource.empty();
  if (verb == Verb::kUpdate || verb == Verb::kPatch) return !on_collection;
  return true;
}

Target route(const RequestInfo& info) {
  Target target;
  const Kind* kind = find_kind(info.group, info.version, info.resource);
  if (kind == nullptr || info.too_deep) return target;
  // A path with a namespace leads to a namespaced kind, or to the namespace itself.
  if (!kind->namespaced && !info.ns.empty() && info.resource != "namespaces") return target;
  const Subresource* subresource = kind->subresource(info.subresource);
  if (!info.subresource.empty() && subresource == nullptr) return target;
  if (kind->namespaced && info.ns.empty() && !info.name.empty()) return target;
  target.kind = kind;
  auto verb = verb_of(info.verb);
  target.verb = verb.value_or(Verb::kGet);
  target.allowed =
      verb && fits_path(*verb, info, *kind) && (subresource != nullptr ? subresource->has_verb(info.verb) : kind->has_verb(info.verb));
  return target;
}

Endpoint endpoint_of(Verb verb) {
  switch (verb) {
    case Verb::kList:
    case Verb::kDeleteCollection:
      return Endpoint::kList;
    case Verb::kWatch:
      return Endpoint::kWatch;
    default:
      return Endpoint::kObject;
  }
}

bool is_member(const User& user, std::string_view group) {
  return std::find(user.groups.begin(), user.groups.end(), group) != user.groups.end();
}

// Paths that name no object. Objects are the server's to authorize, except that nobody unknown gets at them.
bool may_ask(const User& user, const RequestInfo& info) {
  bool anonymous = user.name == kAnonymousUser;
  if (info.is_resource) return !anonymous;
  if (is_member(user, "system:masters")) return true;
  if (info.verb != "get") return false;
  std::string_view path = info.path;
  if (path == "/livez" || path == "/readyz" || path == "/healthz" || path == "/version" || path == "/version/") return true;
  if (path == "/metrics" || is_health_path(path)) return is_member(user, "system:monitoring");
  return !anonymous;
}

Error too_slow() { return Error{.reason = Reason::kTimeout, .message = "Timeout: request did not complete within the allotted timeout"}; }

// The request's own limit within ours. kBadRequest when it is no duration.
Result<Duration> time_limit(const Query& query, Verb verb) {
  Duration limit = verb == Verb::kGet || verb == Verb::kList ? kReadLimit : kWriteLimit;
  auto asked = query.find("timeout");
  if (!asked || asked->empty()) return limit;
  auto duration = parse_go_duration(*asked);
  if (!duration) {
    return fail(Reason::kBadRequest, "invalid timeout specified in the request URL - " + duration.error().message);
  }
  return *duration > Duration::zero() ? std::min(*duration, limit) : limit;
}

}  // namespace
}  // namespace rest

using rest::Endpoint;
using rest::Exchange;
using rest::Query;
using rest::Reply;
using rest::Representation;
using rest::Target;

struct RestHandler::State {
  State(Loop& l, Server& s, RestOptions o)
      : loop(l), server(s), options(std::move(o)), documents(l, options.version, options.server_address) {}

  // Reads the request line and finds out who asks; an answer here is final.
  std::optional<Reply> admit(Exchange& exchange);
  // Nothing: the answer was streamed.
  Task<std::optional<Reply>> answer(Exchange& exchange);
  Task<std::optional<Reply>> answer_document(Exchange& exchange);
  Task<std::optional<Reply>> answer_resource(Exchange& exchange, Target target);
  Task<Reply> answer_once(Exchange& exchange, Request request, Representation representation);
  Task<std::optional<Reply>> answer_watch(Exchange& exchange, Request request, Representation representation);
  Task<std::optional<Reply>> answer_log(Exchange& exchange, Request request);
  Task<Result<Answer>> ask_server(Request request, Duration limit);

  http::Headers stream_headers(const Exchange& exchange, std::string_view content_type) const;
  void count(const Exchange& exchange, int code);

  Loop& loop;
  Server& server;
  RestOptions options;
  rest::Documents documents;
  rest::RequestMetrics metrics;
};

std::optional<Reply> RestHandler::State::admit(Exchange& exchange) {
  auto path = http::percent_decode(exchange.http.path);
  auto pairs = http::parse_query(exchange.http.query);
  if (!path || !pairs) return rest::error_reply({.reason = Reason::kBadRequest, .message = "the path or the query is malformed"});
  exchange.query = Query(*std::move(pairs));
  exchange.info = rest::parse_request_info(exchange.http.method, *std::move(path), exchange.query);
  auto user = rest::authenticate(exchange.http, options.tokens);
  if (user) user = rest::impersonated(exchange.http, *std::move(user));
  if (!user) return rest::error_reply(user.error());
  exchange.user = *std::move(user);
  if (rest::may_ask(exchange.user, exchange.info)) return std::nullopt;
  return rest::error_reply(rest::forbidden_error(exchange.info, exchange.user.name));
}

Task<std::optional<Reply>> RestHandler::State::answer(Exchange& exchange) {
  if (auto final = admit(exchange)) co_return final;
  if (!exchange.info.is_resource) co_return co_await answer_document(exchange);
  Target target = rest::route(exchange.info);
  if (target.kind == nullptr) co_return rest::not_found_reply();
  if (!target.allowed) {
    co_return rest::error_reply(
        {.reason = Reason::kMethodNotAllowed, .message = "the server does not allow this method on the requested resource"});
  }
  co_return co_await answer_resource(exchange, target);
}

Task<std::optional<Reply>> RestHandler::State::answer_document(Exchange& exchange) {
  const std::string& path = exchange.info.path;
  if (exchange.http.method != "GET" && exchange.http.method != "HEAD") {
    co_return rest::error_reply(
        {.reason = Reason::kMethodNotAllowed, .message = "the server does not allow this method on the requested resource"});
  }
  if (path == "/metrics") {
    Reply reply = rest::text_reply(200, metrics.text());
    reply.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
    co_return reply;
  }
  if (auto health = rest::health_reply(path, exchange.query, options.health_checks)) co_return health;
  std::optional<Reply> found = co_await documents.find(exchange.http, exchange.query, path);
  if (!found) co_return rest::not_found_reply();
  co_return found;
}

Task<std::optional<Reply>> RestHandler::State::answer_resource(Exchange& exchange, Target target) {
  Request request;
  request.user = exchange.user;
  request.verb = target.verb;
  request.kind = target.kind;
  request.ns = target.kind->namespaced ? exchange.info.ns : "";
  request.name = exchange.info.name;
  request.subresource = exchange.info.subresource;
  if (request.subresource == "log") co_return co_await answer_log(exchange, std::move(request));

  auto representation = rest::negotiate(exchange.http, exchange.query, rest::endpoint_of(target.verb));
  if (!representation) co_return rest::error_reply(representation.error());
  auto decoded = rest::decode_request(exchange.http, exchange.query, request);
  if (!decoded) co_return rest::error_reply(decoded.error());
  exchange.http.body.clear();
  if (target.verb == Verb::kWatch) co_return co_await answer_watch(exchange, std::move(request), *representation);
  co_return co_await answer_once(exchange, std::move(request), *representation);
}

Task<Result<Answer>> RestHandler::State::ask_server(Request request, Duration limit) {
  auto answer = co_await with_timeout(loop, limit, server.handle(std::move(request)));
  if (!answer) co_return fail(rest::too_slow());
  co_return *std::move(answer);
}

Task<Reply> RestHandler::State::answer_once(Exchange& exchange, Request request, Representation representation) {
  auto limit = rest::time_limit(exchange.query, request.verb);
  if (!limit) co_return rest::error_reply(limit.error());
  Request shown;  // what encoding the answer needs of the request, which the server takes
  shown.kind = request.kind;
  shown.verb = request.verb;
  shown.dry_run = request.dry_run;
  auto answer = co_await ask_server(std::move(request), *limit);
  if (!answer) co_return rest::error_reply(answer.error());
  auto text = rest::answer_text(server, shown, *answer, representation, exchange.query.text("includeObject"), loop.now());
  if (!text) co_return rest::error_reply(text.error());
  Reply reply{answer->code, {{"Content-Type", std::string(representation.content_type())}}, *std::move(text), nullptr};
  rest::add_warnings(answer->warnings, reply.headers);
  co_return reply;
}

Task<std::optional<Reply>> RestHandler::State::answer_watch(Exchange& exchange, Request request, Representation representation) {
  auto seconds = exchange.query.integer("timeoutSeconds");
  if (!seconds) co_return rest::error_reply(seconds.error());
  std::string include = exchange.query.text("includeObject");
  if (!parse_include_object(include)) {
    co_return rest::error_reply({.reason = Reason::kBadRequest, .message = "invalid includeObject value: " + quote(include)});
  }
  // The old prefix /watch/ names one object in the path.
  if (!request.name.empty()) {
    request.field_selector += (request.field_selector.empty() ? "" : ",") + ("metadata.name=" + request.name);
    request.name.clear();
  }
  rest::WatchStream stream{server,
                           loop,
                           request.kind,
                           representation,
                           std::move(include),
                           rest::watch_limit(*seconds, loop.rng()),
                           stream_headers(exchange, representation.stream_content_type())};
  auto watch = co_await server.watch(std::move(request));
  if (!watch) co_return rest::error_reply(watch.error());
  count(exchange, 200);
  co_await rest::stream_watch(std::move(stream), *std::move(watch), exchange.response);
  co_return std::nullopt;
}

Task<std::optional<Reply>> RestHandler::State::answer_log(Exchange& exchange, Request request) {
  auto log_options = rest::decode_log_options(exchange.query, request.name);
  if (!log_options) co_return rest::error_reply(log_options.error());
  if (options.logs == nullptr) {
    co_return rest::error_reply(
        {.reason = Reason::kServiceUnavailable, .message = "no node that could read logs is connected to this server"});
  }
  std::string ns = request.ns, pod = request.name;
  request.subresource.clear();
  auto found = co_await ask_server(std::move(request), rest::kReadLimit);
  if (!found) co_return rest::error_reply(found.error());
  const auto& object = static_cast<const corev1::Pod&>(*found->object);
  if (object.spec().nodename().empty()) co_return Reply{.code = 204};  // nothing was run, nothing was written
  auto log = co_await options.logs->open_log(std::move(ns), std::move(pod), *std::move(log_options));
  if (!log) co_return rest::error_reply(log.error());
  count(exchange, 200);
  co_await rest::stream_log(*std::move(log), stream_headers(exchange, "text/plain"), exchange.response);
  co_return std::nullopt;
}

http::Headers RestHandler::State::stream_headers(const Exchange& exchange, std::string_view content_type) const {
  return {{"Audit-Id", exchange.audit_id}, {"Cache-Control", "no-cache, private"}, {"Content-Type", std::string(content_type)}};
}

void RestHandler::State::count(const Exchange& exchange, int code) {
  const rest::RequestInfo& info = exchange.info;
  bool known = info.is_resource && rest::route(info).kind != nullptr && rest::verb_of(info.verb);
  std::string resource = known ? info.resource : "";
  if (known && !info.subresource.empty()) resource += "/" + info.subresource;
  metrics.count(known ? info.verb : info.is_resource ? "other" : "get", resource, code, loop.now() - exchange.arrived);
}

RestHandler::RestHandler(Loop& loop, Server& server, RestOptions options)
    : state_(std::make_unique<State>(loop, server, std::move(options))) {}
RestHandler::~RestHandler() = default;

Task<void> RestHandler::handle(http::Request request, http::Response& response) {
  State& state = *state_;
  Exchange exchange{.http = std::move(request), .response = response, .audit_id = make_uid(state.loop.rng()), .arrived = state.loop.now()};
  std::optional<Reply> reply = co_await state.answer(exchange);
  if (!reply) co_return;
  state.count(exchange, reply->code);
  reply->headers.emplace_back("Audit-Id", exchange.audit_id);
  if (rest::find_header(reply->headers, "Cache-Control").empty()) reply->headers.emplace_back("Cache-Control", "no-cache, private");
  if (reply->shared_body != nullptr) {
    co_await response.send(reply->code, std::move(reply->headers), std::move(reply->shared_body));
  } else {
    co_await response.send(reply->code, std::move(reply->headers), std::move(reply->body));
  }
}

}  // namespace stint
