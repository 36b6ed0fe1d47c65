#include "server/auth/impersonation.h"

#include "api/names.h"

namespace stint {
namespace {

constexpr std::string_view kNodePrefix = "system:node:";
constexpr std::string_view kNodesGroup = "system:nodes";
constexpr std::string_view kAuthentication = "authentication.k8s.io";

std::optional<std::string_view> node_of(std::string_view user_name) {
  if (!user_name.starts_with(kNodePrefix)) return std::nullopt;
  user_name.remove_prefix(kNodePrefix.size());
  if (!dns_subdomain_faults(user_name).empty()) return std::nullopt;
  return user_name;
}

bool only_name_is_set(const User& wanted) { return wanted.uid.empty() && wanted.groups.empty() && wanted.extra.empty(); }

// The account runs on that node.
bool is_on_node(const User& requestor, std::string_view node) {
  const auto found = requestor.extra.find("authentication.kubernetes.io/node-name");
  return parse_account_name(requestor.name) && found != requestor.extra.end() && found->second.size() == 1 && found->second[0] == node;
}

// Rights restricted to a kind of users, from the narrowest to the widest.
struct Mode {
  std::string_view name;
  bool (*fits)(const User& wanted, const User& requestor);
};
constexpr Mode kModes[] = {
    {"associated-node",
     [](const User& wanted, const User& requestor) {
       const auto node = node_of(wanted.name);
       return only_name_is_set(wanted) && node && is_on_node(requestor, *node);
     }},
    {"arbitrary-node", [](const User& wanted, const User&) { return only_name_is_set(wanted) && node_of(wanted.name).has_value(); }},
    {"serviceaccount",
     [](const User& wanted, const User&) { return only_name_is_set(wanted) && parse_account_name(wanted.name).has_value(); }},
    {"user-info", [](const User& wanted, const User&) { return !node_of(wanted.name) && !parse_account_name(wanted.name); }},
};

// Whether it is one of the keys that a right restricted to a kind of users may set: a domain, and a path of characters that URLs have.
bool is_extra_key(std::string_view key) {
  constexpr std::string_view kPathCharacters = "0123456789abcdefghijklmnopqrstuvwxyz/-._~%!$&'()*+,;=:";
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos || !dns_subdomain_faults(key.substr(0, slash)).empty()) return false;
  const std::string_view path = key.substr(slash + 1);
  return !path.empty() && path.find_first_not_of(kPathCharacters) == std::string_view::npos;
}

// Why the extras may not be set by such a right, "" when they may.
std::string extra_fault(const User& wanted) {
  for (const auto& [key, values] : wanted.extra) {
    if (key.empty()) return "impersonating the empty string key in extra is not allowed";
    if (!is_extra_key(key)) {
      return "impersonating an invalid key in extra is not allowed: extra.key: Invalid value: " + quote(key) +
             R"(: must be a domain-prefixed path (such as "acme.io/foo"))";
    }
    if (std::ranges::find(values, "") != values.end()) return "impersonating the empty string value in extra is not allowed";
  }
  return "";
}

void ensure_group(User& user, std::string_view group) {
  if (!is_member(user, group)) user.groups.emplace_back(group);
}

// One attempt with one verb: "impersonate", or "impersonate:user-info" and the like.
class Attempt {
 public:
  Attempt(Authorizer& authorizer, const User& requestor, const User& wanted, std::string verb)
      : authorizer_(authorizer), requestor_(requestor), wanted_(wanted), verb_(std::move(verb)), restricted_(verb_ != "impersonate") {}

  Result<User> run() {
    User actual = wanted_;
    TRY_VOID(check_name(actual));
    if (!wanted_.uid.empty()) TRY_VOID(check({.verb = verb_, .group = kAuthentication, .resource = "uids", .name = wanted_.uid}));
    TRY_VOID(check_groups());
    TRY_VOID(check_extra());
    if (actual.name == kAnonymousUser) {
      ensure_group(actual, kUnauthenticatedGroup);
    } else if (!is_member(actual, kUnauthenticatedGroup)) {
      ensure_group(actual, kAuthenticatedGroup);
    }
    return actual;
  }

 private:
  Result<void> check(const Attributes& attributes) { return authorizer_.check(requestor_, attributes); }
  std::string_view group() const { return restricted_ ? kAuthentication : ""; }

  Result<void> check_name(User& actual) {
    Attributes attributes{.verb = verb_, .group = group(), .resource = "users", .name = wanted_.name};
    if (const auto node = node_of(wanted_.name); restricted_ && node) {
      attributes.resource = "nodes";
      // The node on which an account runs is whichever it is.
      attributes.name = verb_ == "impersonate:associated-node" ? "*" : *node;
      actual.groups = {std::string(kNodesGroup)};
    }
    if (const auto account = parse_account_name(wanted_.name)) {
      attributes.resource = "serviceaccounts";
      attributes.ns = account->ns;
      attributes.name = account->name;
      if (wanted_.groups.empty()) actual.groups = {"system:serviceaccounts", "system:serviceaccounts:" + std::string(account->ns)};
    }
    return check(attributes);
  }

  Result<void> check_groups() {
    for (const std::string& one : wanted_.groups) {
      const Attributes attributes{.verb = verb_, .group = group(), .resource = "groups", .name = one};
      if (restricted_ && one.empty()) {
        return fail(forbidden_error(attributes, requestor_, "impersonating the empty string group is not allowed"));
      }
      if (restricted_ && one == kPrivilegedGroup) {
        return fail(forbidden_error(attributes, requestor_, "impersonating the system:masters group is not allowed"));
      }
      TRY_VOID(check(attributes));
    }
    return {};
  }

  Result<void> check_extra() {
    if (const std::string fault = restricted_ ? extra_fault(wanted_) : ""; !fault.empty()) {
      return fail(forbidden_error({.verb = verb_, .group = kAuthentication, .resource = "userextras"}, requestor_, fault));
    }
    for (const auto& [key, values] : wanted_.extra) {
      for (const std::string& value : values) {
        const Attributes attributes{.verb = verb_, .group = kAuthentication, .resource = "userextras", .subresource = key, .name = value};
        TRY_VOID(check(attributes));
      }
    }
    return {};
  }

  Authorizer& authorizer_;
  const User& requestor_;
  const User& wanted_;
  const std::string verb_;
  const bool restricted_;
};

Result<User> try_mode(Authorizer& authorizer, const User& requestor, const User& wanted, const Attributes& request, std::string_view mode) {
  Attributes meanwhile = request;
  const std::string verb = "impersonate-on:" + std::string(mode) + ":" + std::string(request.verb);
  meanwhile.verb = verb;
  TRY_VOID(authorizer.check(requestor, meanwhile));
  return Attempt(authorizer, requestor, wanted, "impersonate:" + std::string(mode)).run();
}

}  // namespace

std::optional<AccountName> parse_account_name(std::string_view user_name) {
  constexpr std::string_view kPrefix = "system:serviceaccount:";
  if (!user_name.starts_with(kPrefix)) return std::nullopt;
  user_name.remove_prefix(kPrefix.size());
  const size_t colon = user_name.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const AccountName account{user_name.substr(0, colon), user_name.substr(colon + 1)};
  if (!dns_label_faults(account.ns).empty() || !dns_subdomain_faults(account.name).empty()) return std::nullopt;
  return account;
}

Result<User> impersonate(Authorizer& authorizer, const User& requestor, const User& wanted, const Attributes& request) {
  std::optional<Error> first;  // the narrowest right that fits is the one the client is told of
  for (const Mode& mode : kModes) {
    if (!mode.fits(wanted, requestor)) continue;
    auto user = try_mode(authorizer, requestor, wanted, request, mode.name);
    if (user) return user;
    if (!first) first = std::move(user).error();
  }
  auto user = Attempt(authorizer, requestor, wanted, "impersonate").run();
  if (user || !first) return user;
  return fail(*std::move(first));
}

}  // namespace stint
