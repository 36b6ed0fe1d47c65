#include "server/auth/attributes.h"

#include "api/kind.h"

namespace stint {
namespace {

// Upstream keeps what clients send from looking like HTML.
std::string without_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string sentence(const Attributes& attributes, const User& user) {
  std::string text = "User " + quote(user.name) + " cannot " + std::string(attributes.verb);
  if (!attributes.is_resource) return text + " path " + quote(attributes.path);
  std::string resource(attributes.resource);
  if (!attributes.subresource.empty()) resource += "/" + std::string(attributes.subresource);
  text += " resource " + quote(resource) + " in API group " + quote(attributes.group);
  return text + (attributes.ns.empty() ? " at the cluster scope" : " in the namespace " + quote(attributes.ns));
}

}  // namespace

Error forbidden_error(const Attributes& attributes, const User& user, std::string_view reason) {
  Error error{.reason = Reason::kForbidden};
  if (attributes.is_resource) {
    error.kind = attributes.resource;
    error.group = attributes.group;
    error.name = attributes.name;
    error.message = error.group.empty() ? error.kind : error.kind + "." + error.group;
    if (!error.name.empty()) error.message += " " + quote(error.name);
    error.message += " is forbidden: ";
  } else {
    error.message = "forbidden: ";
  }
  error.message += without_markup(sentence(attributes, user));
  if (!reason.empty()) error.message += ": " + std::string(reason);
  return error;
}

}  // namespace stint
