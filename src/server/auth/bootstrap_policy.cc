#include "server/auth/bootstrap_policy.h"

#include "server/auth/authorizer.h"
#include "server/auth/bootstrap_rows.h"

namespace stint::rbac {
namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kAggregateTo = "rbac.authorization.k8s.io/aggregate-to-";
constexpr char kAutoUpdate[] = "rbac.authorization.kubernetes.io/autoupdate";
constexpr std::string_view kControllerPrefix = "system:controller:";

std::vector<std::string> words(std::string_view comma_list) {
  std::vector<std::string> out;
  while (true) {
    const size_t comma = comma_list.find(',');
    out.emplace_back(comma_list.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    comma_list.remove_prefix(comma + 1);
  }
}

std::string label_of(std::string_view aggregate) { return std::string(kAggregateTo) + std::string(aggregate); }

void fill_metadata(std::string_view ns, std::string name, metav1::ObjectMeta& meta) {
  meta.set_namespace_(std::string(ns));
  meta.set_name(std::move(name));
  (*meta.mutable_labels())["kubernetes.io/bootstrapping"] = "rbac-defaults";
  (*meta.mutable_annotations())[kAutoUpdate] = "true";
}

Rule rule_from(const PolicyRow& row) {
  Rule rule{.verbs = words(row.verbs)};
  if (!row.urls.empty()) {
    rule.urls = words(row.urls);
    return rule;
  }
  rule.groups = words(row.groups);
  rule.resources = words(row.resources);
  if (!row.names.empty()) rule.names = words(row.names);
  return rule;
}

std::unique_ptr<Message> open_role(const PolicyRow& row, std::string_view prefix) {
  std::string name = std::string(prefix) + std::string(row.role);
  if (!row.traits.ns.empty()) {
    auto role = std::make_unique<rbacv1::Role>();
    fill_metadata(row.traits.ns, std::move(name), *role->mutable_metadata());
    return role;
  }
  auto role = std::make_unique<rbacv1::ClusterRole>();
  fill_metadata("", std::move(name), *role->mutable_metadata());
  if (!row.traits.joined_to.empty()) (*role->mutable_metadata()->mutable_labels())[label_of(row.traits.joined_to)] = "true";
  if (!row.traits.joins.empty()) {
    (*role->mutable_aggregationrule()->add_clusterroleselectors()->mutable_matchlabels())[label_of(row.traits.joins)] = "true";
  }
  return role;
}

rbacv1::PolicyRule* add_rule_to(Message& role) {
  if (auto* cluster = dynamic_cast<rbacv1::ClusterRole*>(&role)) return cluster->add_rules();
  return static_cast<rbacv1::Role&>(role).add_rules();
}

using Objects = std::vector<std::unique_ptr<Message>>;

void add_roles(std::span<const PolicyRow> rows, std::string_view prefix, Objects& out) {
  for (const PolicyRow& row : rows) {
    if (!row.role.empty()) {
      out.push_back(open_role(row, prefix));
    } else {
      add_rule(rule_from(row), *add_rule_to(*out.back()));
    }
  }
}

void fill_subject(std::string_view kind, std::string_view subject, rbacv1::Subject& out) {
  out.set_kind(std::string(kind));
  const size_t slash = kind == "ServiceAccount" ? subject.find('/') : std::string_view::npos;
  if (slash == std::string_view::npos) {
    out.set_apigroup(std::string(kGroup));
    out.set_name(std::string(subject));
  } else {
    out.set_namespace_(std::string(subject.substr(0, slash)));
    out.set_name(std::string(subject.substr(slash + 1)));
  }
}

template <class Binding>
std::unique_ptr<Binding> open_binding(const BindingRow& row, std::string_view role_kind) {
  auto binding = std::make_unique<Binding>();
  fill_metadata(row.ns, std::string(row.name), *binding->mutable_metadata());
  binding->mutable_roleref()->set_apigroup(std::string(kGroup));
  binding->mutable_roleref()->set_kind(std::string(role_kind));
  binding->mutable_roleref()->set_name(std::string(row.role));
  return binding;
}

google::protobuf::RepeatedPtrField<rbacv1::Subject>* subjects_of(Message& binding) {
  if (auto* cluster = dynamic_cast<rbacv1::ClusterRoleBinding*>(&binding)) return cluster->mutable_subjects();
  auto* local = dynamic_cast<rbacv1::RoleBinding*>(&binding);
  return local == nullptr ? nullptr : local->mutable_subjects();
}

void add_bindings(std::span<const BindingRow> rows, Objects& out) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const BindingRow& row = rows[i];
    const bool is_new = i == 0 || rows[i - 1].name != row.name || rows[i - 1].ns != row.ns;
    if (is_new && row.ns.empty()) out.push_back(open_binding<rbacv1::ClusterRoleBinding>(row, "ClusterRole"));
    if (is_new && !row.ns.empty()) out.push_back(open_binding<rbacv1::RoleBinding>(row, "Role"));
    if (!row.subject.empty()) fill_subject(row.subject_kind, row.subject, *subjects_of(*out.back())->Add());
  }
}

void add_controller_bindings(Objects& out) {
  for (const PolicyRow& row : controller_role_rows()) {
    if (row.role.empty()) continue;
    const std::string name = std::string(kControllerPrefix) + std::string(row.role), account = "kube-system/" + std::string(row.role);
    add_bindings(std::array{BindingRow{.ns = "", .name = name, .role = name, .subject_kind = "ServiceAccount", .subject = account}}, out);
  }
}

bool add_missing_metadata(const metav1::ObjectMeta& wanted, metav1::ObjectMeta& meta) {
  bool changed = false;
  const auto add = [&changed](const auto& from, auto& to) {
    for (const auto& [key, value] : from) {
      if (to.contains(key)) continue;
      to[key] = value;
      changed = true;
    }
  };
  add(wanted.labels(), *meta.mutable_labels());
  add(wanted.annotations(), *meta.mutable_annotations());
  return changed;
}

template <class Role>
bool add_missing_rules(const Role& wanted, Role& role) {
  const RuleList lacking = missing(rules_from(role.rules()), rules_from(wanted.rules()));
  for (const Rule& rule : compact(lacking)) add_rule(rule, *role.add_rules());
  return !lacking.empty();
}

bool same_subject(const rbacv1::Subject& a, const rbacv1::Subject& b) {
  return a.kind() == b.kind() && a.name() == b.name() && a.namespace_() == b.namespace_();
}

bool add_missing_subjects(Message& wanted, Message& binding) {
  auto* subjects = subjects_of(binding);
  if (subjects == nullptr) return false;
  bool changed = false;
  for (const rbacv1::Subject& subject : *subjects_of(wanted)) {
    if (std::ranges::any_of(*subjects, [&](const rbacv1::Subject& one) { return same_subject(one, subject); })) continue;
    *subjects->Add() = subject;
    changed = true;
  }
  return changed;
}

}  // namespace

std::vector<std::unique_ptr<Message>> bootstrap_policy() {
  Objects out;
  add_roles(role_rows(), "", out);
  add_roles(controller_role_rows(), kControllerPrefix, out);
  add_bindings(binding_rows(), out);
  add_controller_bindings(out);
  return out;
}

RuleList rules_of_bootstrap_role(std::string_view name) {
  RuleList rules;
  bool inside = false;
  for (const PolicyRow& row : role_rows()) {
    if (!row.role.empty()) {
      inside = row.role == name && row.traits.ns.empty();
    } else if (inside) {
      rules.push_back(rule_from(row));
    }
  }
  return rules;
}

std::unique_ptr<Message> brought_up(const Message& stored, const Message& wanted) {
  const auto& annotations = meta(stored).annotations();
  if (const auto found = annotations.find(kAutoUpdate); found != annotations.end() && found->second != "true") return nullptr;
  std::unique_ptr<Message> next(stored.New());
  next->CopyFrom(stored);
  std::unique_ptr<Message> model(wanted.New());
  model->CopyFrom(wanted);
  bool changed = add_missing_metadata(meta(wanted), mutable_meta(*next));
  if (auto* role = dynamic_cast<rbacv1::ClusterRole*>(next.get())) {
    // The rules of one that joins others are a controller's business.
    if (!role->has_aggregationrule()) changed |= add_missing_rules(static_cast<const rbacv1::ClusterRole&>(wanted), *role);
  } else if (auto* local = dynamic_cast<rbacv1::Role*>(next.get())) {
    changed |= add_missing_rules(static_cast<const rbacv1::Role&>(wanted), *local);
  } else {
    changed |= add_missing_subjects(*model, *next);
  }
  return changed ? std::move(next) : nullptr;
}

}  // namespace stint::rbac
