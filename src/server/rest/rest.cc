#include "server/rest/rest.h"

#include "api/go_duration.h"
#include "server/auth/impersonation.h"
#include "server/metadata.h"
#include "server/rest/authentication.h"
#include "server/rest/decode.h"
#include "server/rest/documents.h"
#include "server/rest/health.h"
#include "server/rest/openid.h"
#include "server/rest/pod_log.h"
#include "server/rest/pod_proxy.h"
#include "server/rest/pod_streams.h"
#include "server/rest/representation.h"
#include "server/rest/request_info.h"
#include "server/rest/request_metrics.h"
#include "server/rest/route.h"
#include "server/rest/status_text.h"
#include "server/rest/watch_stream.h"
#include "wire/gzip.h"

namespace stint {
namespace rest {
namespace {

// How long a request may take; `timeout=` in the query may only shorten it. Streams are not bound by it.
constexpr Duration kReadLimit = std::chrono::seconds(60);
constexpr Duration kWriteLimit = std::chrono::seconds(34);
// Answers to GET larger than this are compressed for whom it helps.
constexpr size_t kGzipBytesMin = 128 * 1024;

// One HTTP request as far as it is understood.
struct Exchange {
  http::Request http;
  http::Response& response;
  Query query;
  RequestInfo info;
  User user;                      // as whom it is done
  std::optional<User> requestor;  // who asks, when he acts for `user`
  std::string audit_id;
  WallTime arrived;
  Duration arrived_steady;
  std::optional<RequestMetrics::InFlight> in_flight;
  std::optional<FairShare::Ticket> turn;  // held until the answer is sent: a client that is slow to take it has it in our memory
  // For the audit log.
  std::optional<Authorizer::Decision> decision;
  int code = 0;
  std::optional<Error> error;
  std::string request_object, response_object;
  AuditAnnotations annotations;
};

Endpoint endpoint_of(Verb verb) {
  switch (verb) {
    case Verb::kList:
      return Endpoint::kList;
    case Verb::kWatch:
      return Endpoint::kWatch;
    default:
      return Endpoint::kObject;
  }
}

// Those that last as long as the client likes hold no place among the requests.
bool is_long_running(const Exchange& exchange) {
  const RequestInfo& info = exchange.info;
  return info.is_resource && (info.verb == "watch" || is_pod_proxy(info) || is_pod_stream(info.subresource) ||
                              (info.subresource == "log" && exchange.query.flag("follow")));
}

// Upstream serves these beside its router, which knows methods.
bool takes_any_method(std::string_view path) { return path == "/" || path == "/apis" || path == "/apis/" || path.starts_with("/openapi/"); }

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
      : loop(l),
        server(s),
        options(std::move(o)),
        documents(l, options.version, options.server_address),
        metrics(registry(), options.audit_log),
        share(l, options.share) {}

  Metrics& registry() { return options.metrics != nullptr ? *options.metrics : own_metrics; }

  // Reads the request line and finds out who asks; an answer here is final.
  std::optional<Reply> admit(Exchange& exchange);
  std::optional<Reply> act_for_another(Exchange& exchange);
  // Nothing: the answer was streamed.
  Task<std::optional<Reply>> answer(Exchange& exchange);
  Task<std::optional<Reply>> answer_in_turn(Exchange& exchange);
  Task<std::optional<Reply>> answer_document(Exchange& exchange);
  Task<std::optional<Reply>> answer_resource(Exchange& exchange, Target target);
  Task<Reply> answer_once(Exchange& exchange, Request request, Representation representation);
  Task<std::optional<Reply>> answer_watch(Exchange& exchange, Request request, Representation representation);
  Task<std::optional<Reply>> answer_log(Exchange& exchange, Request request);
  Task<std::optional<Reply>> answer_pod_stream(Exchange& exchange, Request request);
  Task<std::optional<Reply>> answer_node_page(Exchange& exchange, Request request);
  Task<std::optional<Reply>> answer_pod_proxy(Exchange& exchange, Request request);
  // The Pod, or the answer when there is none.
  Task<Result<Object>> find_pod(Request request);
  Task<std::optional<Reply>> answer_over_websocket(Exchange& exchange, rest::WatchStream stream, std::unique_ptr<ObjectWatch> watch);
  Task<void> compress(const Exchange& exchange, Reply& reply);
  Task<Result<Answer>> ask_server(Request request, Duration limit);

  http::Headers stream_headers(const Exchange& exchange, std::string_view content_type) const;
  void count(Exchange& exchange, int code);
  // Whether the audit log wants bodies of that level from this request.
  bool audits(const Exchange& exchange, rest::AuditLevel level) const;
  void audit(Exchange& exchange);

  Loop& loop;
  Server& server;
  RestOptions options;
  Metrics own_metrics;
  rest::Documents documents;
  rest::RequestMetrics metrics;
  rest::FairShare share;
};

std::optional<Reply> RestHandler::State::admit(Exchange& exchange) {
  auto path = http::percent_decode(exchange.http.path);
  auto pairs = http::parse_query(exchange.http.query);
  if (!path || !pairs) return rest::error_reply({.reason = Reason::kBadRequest, .message = "the path or the query is malformed"});
  exchange.query = Query(*std::move(pairs));
  exchange.info = rest::parse_request_info(exchange.http.method, *std::move(path), exchange.query);
  auto user = rest::authenticate(exchange.http, server.authenticator());
  if (!user) return rest::error_reply(user.error());
  exchange.user = *std::move(user);
  if (auto refused = act_for_another(exchange)) return refused;
  const Attributes attributes = rest::attributes_of(exchange.info);
  exchange.decision = server.authorizer().decide(exchange.user, attributes);
  if (exchange.decision->allowed) return std::nullopt;
  Reply reply = rest::error_reply(forbidden_error(attributes, exchange.user, exchange.decision->reason));
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return reply;
}

std::optional<Reply> RestHandler::State::act_for_another(Exchange& exchange) {
  auto wanted = rest::wanted_user(exchange.http.headers);
  if (!wanted) return rest::error_reply(wanted.error());
  if (!*wanted) return std::nullopt;
  auto actual = impersonate(server.authorizer(), exchange.user, **wanted, rest::attributes_of(exchange.info));
  if (!actual) return rest::error_reply(actual.error());
  exchange.requestor = std::move(exchange.user);
  exchange.user = *std::move(actual);
  return std::nullopt;
}

Task<std::optional<Reply>> RestHandler::State::answer(Exchange& exchange) {
  co_await server.ready().wait();
  if (auto final = admit(exchange)) co_return final;
  const std::string& user = exchange.user.name;
  const bool is_stream = rest::is_long_running(exchange);
  exchange.turn = is_stream ? share.open_stream(user) : share.enter_now(user);
  if (!exchange.turn && !is_stream) {
    if (auto later = co_await share.enter(user)) exchange.turn.emplace(*std::move(later));
  }
  if (!exchange.turn) co_return rest::too_many_requests_reply();
  if (!is_stream) exchange.in_flight.emplace(metrics.begin(exchange.http.method));
  co_return co_await answer_in_turn(exchange);
}

Task<std::optional<Reply>> RestHandler::State::answer_in_turn(Exchange& exchange) {
  if (!exchange.info.is_resource) co_return co_await answer_document(exchange);
  Target target = rest::route(exchange.info);
  if (target.kind == nullptr) co_return rest::nothing_there_reply(exchange.info.path);
  const std::string& method = exchange.http.method;
  const bool allowed = rest::is_pod_proxy(exchange.info) ? target.allowed || method == "OPTIONS" : target.allowed && method != "HEAD";
  if (!allowed) co_return rest::method_not_allowed_reply();
  co_return co_await answer_resource(exchange, target);
}

Task<std::optional<Reply>> RestHandler::State::answer_document(Exchange& exchange) {
  const std::string& path = exchange.info.path;
  if (path == "/metrics") {
    Reply reply = rest::text_reply(200, registry().text());
    reply.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
    co_return reply;
  }
  if (auto health = rest::health_reply(path, exchange.query, options.health_checks)) co_return health;
  std::optional<Reply> found = rest::openid_reply(path, server.account_tokens(), options.server_address);
  if (!found) found = co_await documents.find(exchange.http, exchange.query, path);
  if (!found) co_return rest::nothing_there_reply(path);
  if (exchange.http.method != "GET" && !rest::takes_any_method(path)) co_return rest::method_not_allowed_reply();
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
  if (options.audit_log != nullptr) request.annotations = &exchange.annotations;
  if (rest::is_pod_proxy(exchange.info)) co_return co_await answer_pod_proxy(exchange, std::move(request));
  if (request.subresource == "proxy") co_return co_await answer_node_page(exchange, std::move(request));
  if (request.subresource == "log") co_return co_await answer_log(exchange, std::move(request));
  if (rest::is_pod_stream(request.subresource)) co_return co_await answer_pod_stream(exchange, std::move(request));

  auto representation = rest::negotiate(exchange.http, exchange.query, rest::endpoint_of(target.verb));
  if (!representation) co_return rest::error_reply(representation.error());
  auto decoded = rest::decode_request(exchange.http, exchange.query, request);
  if (!decoded) co_return rest::error_reply(decoded.error());
  if (audits(exchange, rest::AuditLevel::kRequest)) exchange.request_object = rest::request_object(exchange.http, request);
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
  auto body = rest::answer_body(server, shown, *answer, representation, exchange.query.text("includeObject"), loop.now());
  if (!body) co_return rest::error_reply(body.error());
  if (audits(exchange, rest::AuditLevel::kRequestResponse)) {
    auto told = rest::answer_body(server, shown, *answer, Representation(), "", loop.now());
    if (told) exchange.response_object = told->text();
  }
  Reply reply{.code = answer->code, .headers = {{"Content-Type", std::string(representation.content_type())}}, .body = *std::move(body)};
  rest::add_warnings(answer->warnings, reply.headers);
  co_return reply;
}

Task<std::optional<Reply>> RestHandler::State::answer_watch(Exchange& exchange, Request request, Representation representation) {
  auto seconds = exchange.query.integer("timeoutSeconds");
  if (!seconds) co_return rest::error_reply(seconds.error());
  std::string include = exchange.query.text("includeObject");
  if (auto known = rest::check_include_object(representation, include); !known) co_return rest::error_reply(known.error());
  // The old prefix /watch/ names one object in the path.
  if (!request.name.empty()) {
    // In front, where nothing that the client wrote stands before it.
    request.field_selector = "metadata.name=" + request.name + (request.field_selector.empty() ? "" : ",") + request.field_selector;
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
  if (http::wants_websocket(exchange.http)) co_return co_await answer_over_websocket(exchange, std::move(stream), *std::move(watch));
  count(exchange, 200);
  co_await rest::stream_watch(std::move(stream), *std::move(watch), exchange.response);
  co_return std::nullopt;
}

Task<std::optional<Reply>> RestHandler::State::answer_over_websocket(Exchange& exchange, rest::WatchStream stream,
                                                                     std::unique_ptr<ObjectWatch> watch) {
  const std::vector<std::string> offered = http::offered_protocols(exchange.http);
  http::WebSocket* socket = exchange.response.upgrade(offered.size() == 1 ? offered[0] : "", {{"Audit-Id", exchange.audit_id}});
  if (socket == nullptr) co_return rest::no_handshake_reply();
  count(exchange, 101);
  co_await rest::stream_watch(std::move(stream), std::move(watch), *socket);
  co_return std::nullopt;
}

// On the pool: it takes tens of milliseconds.
Task<void> RestHandler::State::compress(const Exchange& exchange, Reply& reply) {
  if (reply.code != 200 || exchange.http.method != "GET" || reply.body.size() <= rest::kGzipBytesMin) co_return;
  if (!http::wants_gzip(exchange.http)) co_return;
  reply.body = co_await on_pool(loop, [body = std::move(reply.body)] { return http::gzipped(body); });
  reply.headers.emplace_back("Content-Encoding", "gzip");
  const bool says_so =
      std::ranges::find(reply.headers, std::pair<std::string, std::string>("Vary", "Accept-Encoding")) != reply.headers.end();
  if (!says_so) reply.headers.emplace_back("Vary", "Accept-Encoding");
}

Task<std::optional<Reply>> RestHandler::State::answer_log(Exchange& exchange, Request request) {
  auto log_options = rest::decode_log_options(exchange.query, request.name);
  if (!log_options) co_return rest::error_reply(log_options.error());
  if (options.logs == nullptr) {
    co_return rest::error_reply(
        {.reason = Reason::kServiceUnavailable, .message = "no node that could read logs is connected to this server"});
  }
  std::string ns = request.ns, pod = request.name;
  auto found = co_await find_pod(std::move(request));
  if (!found) co_return rest::error_reply(found.error());
  const auto& object = static_cast<const corev1::Pod&>(**found);
  if (object.spec().nodename().empty()) co_return Reply{.code = 204};  // nothing was run, nothing was written
  auto log = co_await options.logs->open_log(std::move(ns), std::move(pod), *std::move(log_options));
  if (!log) co_return rest::error_reply(log.error());
  if (http::wants_websocket(exchange.http)) {
    const auto protocol = rest::choose_log_protocol(http::offered_protocols(exchange.http));
    http::WebSocket* socket = protocol ? exchange.response.upgrade(*protocol, {{"Audit-Id", exchange.audit_id}}) : nullptr;
    if (socket == nullptr) co_return rest::no_handshake_reply();
    count(exchange, 101);
    co_await rest::stream_log(*std::move(log), *socket);
    co_return std::nullopt;
  }
  count(exchange, 200);
  co_await rest::stream_log(*std::move(log), stream_headers(exchange, "text/plain"), exchange.response);
  co_return std::nullopt;
}

Task<std::optional<Reply>> RestHandler::State::answer_node_page(Exchange& exchange, Request request) {
  if (options.pages == nullptr)
    co_return rest::error_reply(
        {.reason = Reason::kServiceUnavailable, .message = "no node that could show pages is connected to this server"});
  std::string target = exchange.info.handed_on.empty() ? "/" : exchange.info.handed_on;
  if (!exchange.http.query.empty()) target += "?" + std::string(exchange.http.query);
  auto page = co_await options.pages->page(std::move(request.name), std::move(target));
  if (!page) co_return rest::error_reply(page.error());
  co_return Reply{.code = page->code, .headers = {{"Content-Type", std::move(page->content_type)}}, .body = std::move(page->body)};
}

Task<Result<Object>> RestHandler::State::find_pod(Request request) {
  request.subresource.clear();
  request.verb = Verb::kGet;
  CO_TRY(Answer answer, co_await ask_server(std::move(request), rest::kReadLimit));
  co_return std::move(answer.object);
}

Task<std::optional<Reply>> RestHandler::State::answer_pod_stream(Exchange& exchange, Request request) {
  // Whoever may only read must not change a container by way of a GET.
  Attributes writes = rest::attributes_of(exchange.info);
  writes.verb = "create";
  if (const auto decision = server.authorizer().decide(exchange.user, writes); !decision.allowed) {
    co_return rest::error_reply(forbidden_error(writes, exchange.user, decision.reason));
  }
  const std::string subresource = request.subresource;
  auto found = co_await find_pod(std::move(request));
  if (!found) co_return rest::error_reply(found.error());
  const Object pod = *std::move(found);  // the call borrows it
  co_return co_await rest::answer_pod_stream({.loop = loop,
                                              .exec = options.exec,
                                              .forward = options.forward,
                                              .http = exchange.http,
                                              .response = exchange.response,
                                              .query = exchange.query,
                                              .pod = static_cast<const corev1::Pod&>(*pod),
                                              .subresource = subresource,
                                              .headers = {{"Audit-Id", exchange.audit_id}},
                                              .upgraded = [this, &exchange] { count(exchange, 101); }});
}

Task<std::optional<Reply>> RestHandler::State::answer_pod_proxy(Exchange& exchange, Request request) {
  auto name = rest::parse_proxy_name(request.name);
  if (!name) co_return rest::error_reply(name.error());
  request.name = name->pod;
  auto found = co_await find_pod(std::move(request));
  if (!found) co_return rest::error_reply(found.error());
  const Object pod = *std::move(found);  // the call borrows it
  co_return co_await rest::answer_pod_proxy({.loop = loop,
                                             .http = exchange.http,
                                             .response = exchange.response,
                                             .name = *std::move(name),
                                             .pod = static_cast<const corev1::Pod&>(*pod),
                                             .path = exchange.info.path,
                                             .proxied_path = exchange.info.proxied_path,
                                             .headers = {{"Audit-Id", exchange.audit_id}},
                                             .head = [this, &exchange](int status) { count(exchange, status); }});
}

http::Headers RestHandler::State::stream_headers(const Exchange& exchange, std::string_view content_type) const {
  return {{"Audit-Id", exchange.audit_id}, {"Cache-Control", "no-cache, private"}, {"Content-Type", std::string(content_type)}};
}

void RestHandler::State::count(Exchange& exchange, int code) {
  exchange.code = code;
  const rest::RequestInfo& info = exchange.info;
  bool known = info.is_resource && rest::route(info).kind != nullptr && rest::verb_of(info.verb);
  rest::RequestMetrics::What what{.verb = info.is_resource ? "other" : "get"};
  if (known) what = {info.verb, info.group, info.resource, info.subresource};
  metrics.count(what, code, loop.steady_now() - exchange.arrived_steady);
}

bool RestHandler::State::audits(const Exchange& exchange, rest::AuditLevel level) const {
  return options.audit_log != nullptr && options.audit_level >= level && rest::keeps_bodies(exchange.info);
}

void RestHandler::State::audit(Exchange& exchange) {
  if (options.audit_log == nullptr) return;
  rest::AuditRecord record{.level = options.audit_level,
                           .id = exchange.audit_id,
                           .uri = exchange.http.target,
                           .user_agent = std::string(exchange.http.header("User-Agent")),
                           .remote = exchange.http.remote};
  if (exchange.requestor) {
    record.user = *exchange.requestor;
    record.impersonated = std::move(exchange.user);
  } else {
    record.user = std::move(exchange.user);
  }
  if (exchange.decision) {
    record.allowed = exchange.decision->allowed;
    record.reason = std::move(exchange.decision->reason);
  }
  record.info = std::move(exchange.info);
  record.code = exchange.code;
  record.error = std::move(exchange.error);
  record.request_object = std::move(exchange.request_object);
  record.response_object = std::move(exchange.response_object);
  record.annotations = std::move(exchange.annotations);
  record.received = exchange.arrived;
  record.answered = loop.now();
  options.audit_log->write(rest::audit_line(record));
}

RestHandler::RestHandler(Loop& loop, Server& server, RestOptions options)
    : state_(std::make_unique<State>(loop, server, std::move(options))) {}
RestHandler::~RestHandler() = default;

Task<void> RestHandler::handle(http::Request request, http::Response& response) {
  State& state = *state_;
  Exchange exchange{.http = std::move(request),
                    .response = response,
                    .audit_id = make_uid(state.loop.rng()),
                    .arrived = state.loop.now(),
                    .arrived_steady = state.loop.steady_now()};
  // Also when the client goes away in the middle, which ends this task.
  struct Audit {
    State& state;
    Exchange& exchange;
    ~Audit() { state.audit(exchange); }
  } audit{state, exchange};
  std::optional<Reply> reply = co_await state.answer(exchange);
  if (!reply) co_return;
  state.count(exchange, reply->code);
  if (auto shown = rest::present_error(exchange.http, exchange.query, *reply); !shown) *reply = rest::error_reply(shown.error());
  exchange.error = std::move(reply->error);
  reply->headers.emplace_back("Audit-Id", exchange.audit_id);
  if (rest::find_header(reply->headers, "Cache-Control").empty()) reply->headers.emplace_back("Cache-Control", "no-cache, private");
  co_await state.compress(exchange, *reply);
  co_await response.send(reply->code, std::move(reply->headers), std::move(reply->body));
}

}  // namespace stint
