// Secret. Source: upstream's pkg/apis/core/validation and its conversion of stringData.
#include <span>

#include "api/core/rules.h"
#include "api/equality.h"
#include "api/json.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr size_t kDataBytesMax = 1024 * 1024;

corev1::Secret& as_secret(Message& object) { return static_cast<corev1::Secret&>(object); }
const corev1::Secret& as_secret(const Message& object) { return static_cast<const corev1::Secret&>(object); }

// stringData is a way to write, never stored.
void set_defaults(Message& object) {
  corev1::Secret& secret = as_secret(object);
  for (const auto& [key, value] : secret.stringdata()) (*secret.mutable_data())[key] = value;
  secret.clear_stringdata();
  if (secret.type().empty()) secret.set_type("Opaque");
}

// A type may be left out of an update, not changed.
void prepare_update(Message& next, const Message& old) {
  if (as_secret(next).type().empty()) as_secret(next).set_type(as_secret(old).type());
}

// The key that the type asks for: present, and JSON if `json`.
void require_key(const corev1::Secret& secret, const char* key, bool json, FieldErrors& errors) {
  FieldPath path = FieldPath("data").key(key);
  auto it = secret.data().find(key);
  if (it == secret.data().end()) {
    errors.required(path);
  } else if (json) {
    const Result<json::Value> parsed = json::parse(it->second);
    if (!parsed) errors.invalid(path, quote("<secret contents redacted>"), parsed.error().message);
  }
}

void validate_type(const corev1::Secret& secret, FieldErrors& errors) {
  const std::string& type = secret.type();
  if (type == "kubernetes.io/service-account-token") {
    auto it = secret.metadata().annotations().find("kubernetes.io/service-account.name");
    if (it == secret.metadata().annotations().end() || it->second.empty()) {
      errors.required("metadata.annotations[kubernetes.io/service-account.name]");
    }
  } else if (type == "kubernetes.io/dockercfg") {
    require_key(secret, ".dockercfg", true, errors);
  } else if (type == "kubernetes.io/dockerconfigjson") {
    require_key(secret, ".dockerconfigjson", true, errors);
  } else if (type == "kubernetes.io/basic-auth") {
    if (secret.data().contains("username") || secret.data().contains("password")) return;
    errors.required("data[username]");
    errors.required("data[password]");
  } else if (type == "kubernetes.io/ssh-auth") {
    auto it = secret.data().find("ssh-privatekey");
    if (it == secret.data().end() || it->second.empty()) errors.required("data[ssh-privatekey]");
  } else if (type == "kubernetes.io/tls") {
    require_key(secret, "tls.crt", false, errors);
    require_key(secret, "tls.key", false, errors);
  }
}

void validate(const Message& object, FieldErrors& errors) {
  const corev1::Secret& secret = as_secret(object);
  size_t bytes = 0;
  for (const auto& [key, value] : secret.data()) {
    bytes += value.size();
    add_faults(config_key_faults(key), FieldPath("data").key(key), quote(key), errors);
  }
  if (bytes > kDataBytesMax) errors.too_long("data", kDataBytesMax);
  validate_type(secret, errors);
}

void validate_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const corev1::Secret& next = as_secret(next_object);
  const corev1::Secret& old = as_secret(old_object);
  if (next.type() != old.type()) errors.invalid("type", quote(next.type()), "field is immutable");
  if (old.immutable()) {
    constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
    if (!next.immutable()) errors.forbidden("immutable", kWhy);
    if (!semantically_equal_field(next, old, next.GetDescriptor()->FindFieldByName("data"))) errors.forbidden("data", kWhy);
  }
  validate(next_object, errors);
}

// The first thing that keeps a server from serving with them.
void warn(const Message& next, const Message*, std::vector<std::string>& warnings) {
  const corev1::Secret& secret = as_secret(next);
  if (secret.type() != "kubernetes.io/tls") return;
  auto has_pem = [&](const char* key) {
    auto it = secret.data().find(key);
    return it != secret.data().end() && it->second.find("-----BEGIN ") != std::string::npos;
  };
  if (!has_pem("tls.crt")) {
    warnings.push_back("tls: failed to find any PEM data in certificate input");
  } else if (!has_pem("tls.key")) {
    warnings.push_back("tls: failed to find any PEM data in key input");
  }
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the Secret, unique in its namespace."},
    {.name = "Type", .description = "What the Secret is for."},
    {.name = "Data", .description = "Number of keys."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) {
  const corev1::Secret& secret = as_secret(object);
  row.cells = {secret.metadata().name(), secret.type(), Cell::integer(static_cast<int64_t>(secret.data().size())), age_of(secret, now)};
}

constexpr SelectableField kFields[] = {
    {"type", [](const Message& o) { return as_secret(o).type(); }},
};

}  // namespace

constinit const Rules kSecretRules = {
    .set_defaults = set_defaults,
    .prepare_update = prepare_update,
    .validate = validate,
    .validate_update = validate_update,
    .warn = warn,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
