#include "server/rest/health.h"

#include <set>

#include "base/log.h"

namespace stint::rest {
namespace {

constexpr std::string_view kEndpoints[] = {"livez", "readyz", "healthz"};

// "livez" of "/livez" and "/livez/ping", with what follows in `check`; "" for any other path.
std::string_view endpoint_of(std::string_view path, std::string_view& check) {
  if (path.empty()) return {};
  path.remove_prefix(1);
  size_t slash = path.find('/');
  std::string_view first = path.substr(0, slash);
  check = slash == path.npos ? std::string_view() : path.substr(slash + 1);
  for (std::string_view endpoint : kEndpoints) {
    if (first == endpoint) return endpoint;
  }
  return {};
}

Reply single_reply(std::string_view name, std::span<const HealthCheck> checks) {
  // Upstream says how to read the sum of all checks, and not one of them.
  const Reply healthy_reply{200, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string("ok")};
  if (name == "ping") return healthy_reply;
  for (const HealthCheck& check : checks) {
    if (check.name != name) continue;
    auto healthy = check.check();
    return healthy ? healthy_reply : text_reply(500, "internal server error: " + healthy.error().message + "\n");
  }
  return not_found_reply();
}

// The lines of all checks; true if none failed.
bool run_checks(std::string_view endpoint, std::set<std::string> excluded, std::span<const HealthCheck> checks, std::string& lines) {
  bool healthy = true;
  auto line = [&](const std::string& name, const std::function<Result<void>()>& check) {
    if (excluded.erase(name) > 0) {
      lines += "[+]" + name + " excluded: ok\n";
      return;
    }
    auto outcome = check ? check() : Result<void>();
    lines += outcome ? "[+]" + name + " ok\n" : "[-]" + name + " failed: reason withheld\n";
    if (outcome) return;
    healthy = false;
    log_warning("health check failed", "endpoint", endpoint, "check", name, "error", outcome.error().message);
  };
  line("ping", nullptr);
  for (const HealthCheck& check : checks) line(check.name, check.check);
  if (excluded.empty()) return healthy;
  lines += "warn: some health checks cannot be excluded: no matches for ";
  for (const std::string& name : excluded) lines += (name == *excluded.begin() ? "" : ", ") + quote(name);
  lines += '\n';
  return healthy;
}

}  // namespace

std::optional<Reply> health_reply(std::string_view path, const Query& query, std::span<const HealthCheck> checks) {
  std::string_view check;
  std::string_view endpoint = endpoint_of(path, check);
  if (endpoint.empty()) return std::nullopt;
  if (!check.empty()) return single_reply(check, checks);
  std::vector<std::string> excluded = query.all("exclude");
  std::string lines;
  bool healthy = run_checks(endpoint, {excluded.begin(), excluded.end()}, checks, lines);
  std::string verdict(endpoint);
  if (!healthy) return text_reply(500, lines + verdict + " check failed\n");
  if (!query.find("verbose")) return text_reply(200, "ok");
  return text_reply(200, lines + verdict + " check passed\n");
}

}  // namespace stint::rest
