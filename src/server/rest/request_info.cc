#include "server/rest/request_info.h"

#include <span>

#include "wire/http.h"

namespace stint::rest {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    size_t slash = path.find('/');
    if (slash != 0) parts.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

std::string verb_of(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
  return out;
}

// Where the first term ends: at a comma that no backslash escapes, as selectors are parsed (api/field_selector.cc).
size_t end_of_term(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      return i;
    }
  }
  return std::string_view::npos;
}

// As upstream puts it together: without empty segments, and with the slash at the end that the whole path has.
std::string proxied_path(std::span<const std::string> parts, std::string_view whole) {
  std::string path;
  for (const std::string& part : parts) path.append("/").append(part);
  if (whole.ends_with('/') && !path.ends_with('/')) path += '/';
  return path;
}

// The value that `field=` asks for, unless it could not stand in a path.
std::string selected(std::string_view field_selector, std::string_view field) {
  while (!field_selector.empty()) {
    const size_t comma = end_of_term(field_selector);
    std::string_view term = field_selector.substr(0, comma);
    field_selector = comma == std::string_view::npos ? std::string_view() : field_selector.substr(comma + 1);
    if (!term.starts_with(field)) continue;
    term.remove_prefix(field.size());
    if (term.starts_with('=')) term.remove_prefix(1);
    if (term != "." && term != ".." && term.find_first_of("/%\\") == std::string_view::npos) return std::string(term);
  }
  return "";
}

// A name without a collection turns into the collection's verb.
void refine_verb(RequestInfo& info, const Query& query) {
  if (!info.name.empty()) return;
  if (info.verb == "get") {
    info.verb = query.flag("watch") ? "watch" : "list";
    info.selected_name = selected(query.text("fieldSelector"), "metadata.name=");
  }
  if (info.verb == "delete") info.verb = "deletecollection";
  info.selected_node = selected(query.text("fieldSelector"), "spec.nodeName=");
}

}  // namespace

bool is_pod_stream(std::string_view subresource) {
  return subresource == "exec" || subresource == "attach" || subresource == "portforward";
}

bool is_pod_proxy(const RequestInfo& info) {
  return info.is_resource && info.group.empty() && info.resource == "pods" && info.subresource == "proxy";
}

RequestInfo parse_request_info(std::string_view method, std::string decoded_path, const Query& query) {
  RequestInfo info;
  std::vector<std::string> parts = split_path(decoded_path);
  info.path = std::move(decoded_path);
  info.verb = lower(method);
  size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    info.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    info.group = parts[1];
    info.version = parts[2];
    at = 3;
  } else {
    return info;
  }
  info.is_resource = true;
  info.verb = verb_of(method);
  // The old prefix for watches.
  bool watch_prefix = parts[at] == "watch" && parts.size() > at + 1;
  if (watch_prefix) ++at;

  if (parts[at] == "namespaces" && parts.size() > at + 1) {
    info.ns = parts[at + 1];
    bool of_the_namespace = parts.size() > at + 2 && (parts[at + 2] == "status" || parts[at + 2] == "finalize");
    if (parts.size() > at + 2 && !of_the_namespace) at += 2;
  }
  info.resource = parts[at];
  if (parts.size() > at + 1) info.name = parts[at + 1];
  if (parts.size() > at + 2) info.subresource = parts[at + 2];
  info.too_deep = parts.size() > at + 3;
  if (info.resource == "nodes" && info.group.empty() && info.subresource == "proxy") {
    for (size_t i = at + 3; i < parts.size(); ++i) info.handed_on += "/" + http::percent_encode(parts[i]);
    info.too_deep = false;
  } else if (is_pod_proxy(info)) {
    info.proxied_path = proxied_path(std::span(parts).subspan(at + 3), info.path);
    info.too_deep = false;
  }
  if (watch_prefix) {
    info.verb = info.verb == "get" ? "watch" : "";
  } else {
    refine_verb(info, query);
  }
  return info;
}

Attributes attributes_of(const RequestInfo& info) {
  if (!info.is_resource) return {.is_resource = false, .verb = info.verb, .path = info.path};
  return {.verb = info.verb,
          .group = info.group,
          .resource = info.resource,
          .subresource = info.subresource,
          .ns = info.ns,
          .name = info.name.empty() ? info.selected_name : info.name,
          .selected_node = info.selected_node};
}

}  // namespace stint::rest
