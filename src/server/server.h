// The front door, without HTTP: one request in, one answer out, through a visible pipeline of steps
//   decode → default → admit → validate → persist → answer.
// server/rest/ puts HTTP before it, and asks first who it is and whether he may; app/local_client.h, the in-process client, is ourselves.
// Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/codec.h"
#include "api/selector.h"
#include "api/usage.h"
#include "api/verbs.h"
#include "base/loop.h"
#include "server/auth/authenticator.h"
#include "server/auth/authorizer.h"
#include "server/object_form.h"
#include "store/store.h"

namespace stint {

enum class Verb { kGet, kList, kWatch, kCreate, kUpdate, kPatch, kDelete, kDeleteCollection };
enum class FieldValidation { kIgnore, kWarn, kStrict };

struct PatchBody {
  PatchType type;
  json::Value patch;                    // of kApply the configuration
  std::vector<std::string> duplicates;  // found while parsing it
};

// What admission tells the audit log of a request, by key.
using AuditAnnotations = std::map<std::string, std::string>;

struct Request {
  User user;
  Verb verb = Verb::kGet;
  const Kind* kind = nullptr;
  std::string ns;  // "" cluster scope, or all namespaces for list and watch
  std::string name;
  std::string subresource;  // "status", "binding", "finalize"
  AuditAnnotations* annotations = nullptr;  // borrowed until it is answered; null: nobody audits

  // create, update: a decoded body (with strict errors); patch: a PatchBody; delete: DeleteOptions in `remove`.
  DecodedBody body;
  std::optional<PatchBody> patch;
  DeleteRequest remove;
  bool propagation_chosen = false;  // the client sent a policy

  bool dry_run = false;
  FieldValidation field_validation = FieldValidation::kWarn;
  std::string field_manager;  // under which name the writer's fields are recorded
  bool force = false;         // apply: fields of others are taken over

  // list and watch
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  std::string resource_version_match;
  size_t limit = 0;
  std::string continue_token;
  bool allow_bookmarks = false;
  std::optional<bool> send_initial_events;
};

struct Answer {
  int code = 200;
  const Kind* kind = nullptr;  // of the objects
  Object object;               // one object, or
  bool is_list = false;
  std::vector<Object> items;  // a list, with
  std::string resource_version, continue_token;
  std::optional<int64_t> remaining;
  // A success Status (deletes): details of what went.
  bool is_status = false;
  std::string status_name, status_uid;
  std::vector<std::string> warnings;
};

class Server {
 public:
  virtual ~Server() = default;
  // Set when what a system has from the start is there; requests wait for it.
  virtual Event& ready() = 0;
  virtual Authenticator& authenticator() = 0;
  virtual Authorizer& authorizer() = 0;
  virtual const ServiceAccountTokens& account_tokens() const = 0;

  // REQUIRES, of both: the user of the request may do it.
  virtual Task<Result<Answer>> handle(Request request) = 0;
  virtual Task<Result<std::unique_ptr<ObjectWatch>>> watch(Request request) = 0;
  // A stored object in a form, from a cache.
  virtual std::shared_ptr<const std::string> encoded(const Kind& kind, const Object& object, Form form) = 0;
  // Who measures what nodes and pods use, for metrics.k8s.io; it outlives the last request. Null: nobody.
  virtual void set_usage_source(const UsageSource* source) = 0;
};

struct ServerOptions {
  std::map<std::string, User> tokens;                     // static bearer tokens
  std::optional<SigningKey> account_key;                  // of ServiceAccounts' tokens; none: one that ends with this server
  std::string issuer = "https://kubernetes.default.svc";  // of those tokens
  std::string api_host;                                   // where pods reach this API, "" nowhere
  int api_port = 443;
};
std::unique_ptr<Server> make_server(Loop& loop, Store& store, ServerOptions options = {});

}  // namespace stint
