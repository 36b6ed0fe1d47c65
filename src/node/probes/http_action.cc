#include "node/probes/http_action.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace stint {
namespace {

constexpr std::string_view kVersion = "1.37";

Result<int> checked(int port) {
  if (port > 0 && port < 65536) return port;
  return fail(Reason::kInvalid, "invalid port number: " + std::to_string(port));
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// What may not stand in a request line is escaped; what the user has escaped stays as it is.
std::string escape_path(std::string_view path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '<' && c != '>' && c != '`' && c != '{' && c != '}') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

// In libcurl's form: "Name;" is a header without value.
std::string header_line(const std::string& name, const std::string& value) { return value.empty() ? name + ";" : name + ": " + value; }

}  // namespace

Result<int> resolve_port(const intstr::IntOrString& port, const corev1::Container& container) {
  if (port.type() == 0) return checked(port.intval());
  for (const auto& entry : container.ports())
    if (entry.name() == port.strval()) return checked(entry.containerport());
  int number = 0;
  const std::string& text = port.strval();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return checked(number);
  return fail(Reason::kInvalid, "port " + text + " not found");
}

std::string join_host_port(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<FetchRequest> http_request(const corev1::HTTPGetAction& action, const corev1::Container& container, const std::string& address,
                                  std::string_view purpose) {
  TRY(const int port, resolve_port(action.port(), container));
  const std::string scheme = action.scheme().empty() ? "http" : lower(action.scheme());
  std::string path = action.path();
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  FetchRequest request;
  request.url = scheme + "://" + join_host_port(action.host().empty() ? address : action.host(), port) + escape_path(path);
  request.http2 = action.protocol() == "HTTP2" && scheme == "http";

  bool has_agent = false, has_accept = false;
  for (const auto& header : action.httpheaders()) {
    const std::string name = lower(header.name());
    has_agent = has_agent || name == "user-agent";
    has_accept = has_accept || name == "accept";
    // An Accept that is set to nothing is left out.
    request.headers.push_back(name == "accept" && header.value().empty() ? "Accept:" : header_line(header.name(), header.value()));
  }
  if (!has_agent) request.headers.push_back("User-Agent: kube-" + std::string(purpose) + "/" + std::string(kVersion));
  if (!has_accept) request.headers.emplace_back("Accept: */*");
  return request;
}

std::string host_of(const std::string& url) {
  size_t from = url.find("://");
  from = from == std::string::npos ? 0 : from + 3;
  std::string authority = url.substr(from, url.find_first_of("/?#", from) - from);
  if (const size_t at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace stint
