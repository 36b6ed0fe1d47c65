#include "api/internal_form.h"

#include <algorithm>
#include <array>

#include "api/message_plan.h"
#include "base/unified_diff.h"
#include "stint/options.pb.h"

namespace stint {
namespace {

struct GoName {
  std::string_view json;
  std::string_view go;
};

// Names that are more than the JSON name with a capital, sorted.
constexpr GoName kGoNames[] = {
    {"apiGroup", "APIGroup"},
    {"apiVersion", "APIVersion"},
    {"awsElasticBlockStore", "AWSElasticBlockStore"},
    {"cephfs", "CephFS"},
    {"chapAuthDiscovery", "DiscoveryCHAPAuth"},
    {"chapAuthSession", "SessionCHAPAuth"},
    {"csi", "CSI"},
    {"diskURI", "DataDiskURI"},
    {"dnsConfig", "DNSConfig"},
    {"dnsPolicy", "DNSPolicy"},
    {"endpoints", "EndpointsName"},
    {"fc", "FC"},
    {"fsGroup", "FSGroup"},
    {"fsGroupChangePolicy", "FSGroupChangePolicy"},
    {"fsType", "FSType"},
    {"gcePersistentDisk", "GCEPersistentDisk"},
    {"gmsaCredentialSpec", "GMSACredentialSpec"},
    {"gmsaCredentialSpecName", "GMSACredentialSpecName"},
    {"grpc", "GRPC"},
    {"httpGet", "HTTPGet"},
    {"httpHeaders", "HTTPHeaders"},
    {"ip", "IP"},
    {"ipFamilies", "IPFamilies"},
    {"ipFamilyPolicy", "IPFamilyPolicy"},
    {"ipMode", "IPMode"},
    {"iqn", "IQN"},
    {"iscsi", "ISCSI"},
    {"iscsiInterface", "ISCSIInterface"},
    {"nfs", "NFS"},
    {"os", "OS"},
    {"pdName", "PDName"},
    {"rbd", "RBD"},
    {"seLinuxChangePolicy", "SELinuxChangePolicy"},
    {"seLinuxOptions", "SELinuxOptions"},
    {"serviceAccount", "DeprecatedServiceAccount"},
    {"sslEnabled", "SSLEnabled"},
    {"storageos", "StorageOS"},
    {"tcpSocket", "TCPSocket"},
    {"ttlSecondsAfterFinished", "TTLSecondsAfterFinished"},
    {"tty", "TTY"},
    {"uid", "UID"},
    {"wwids", "WWIDs"},
};
// Of one kind of volume alone.
constexpr GoName kGoNamesOfRbd[] = {{"image", "RBDImage"}, {"monitors", "CephMonitors"}, {"pool", "RBDPool"}, {"user", "RadosUser"}};

std::string go_name(const FieldPlan& field) {
  if (field.field->containing_type()->name().starts_with("RBD")) {
    for (const GoName& name : kGoNamesOfRbd) {
      if (name.json == field.name) return std::string(name.go);
    }
  }
  const auto* it = std::ranges::lower_bound(kGoNames, std::string_view(field.name), {}, &GoName::json);
  if (it != std::end(kGoNames) && it->json == field.name) return std::string(it->go);
  std::string name = field.name;
  if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

bool is_common(const MessagePlan& plan) { return plan.descriptor->full_name().starts_with("k8s.io.apimachinery."); }

json::Value form(const MessagePlan& plan, const json::Value* document);

json::Value zero(const FieldPlan& field) {
  if (field.shape != FieldShape::kSingle) {
    // Who leaves out what is required writes an empty list rather than none.
    const bool shown_empty = field.shape == FieldShape::kRepeated && field.field->options().GetExtension(stint::required);
    return shown_empty ? json::Value(json::Array()) : json::Value();
  }
  if (field.presence == Presence::kPointer) return {};
  switch (field.type) {
    case FieldType::kString:
      return "";
    case FieldType::kBool:
      return false;
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kIntOrString:
      return 0;
    case FieldType::kQuantity:
      return "0";
    case FieldType::kMessage:
      return form(*field.message, nullptr);
    default:
      return {};
  }
}

// `value`: the field in the API's JSON, null when it is left out there.
json::Value field_form(const FieldPlan& field, const json::Value* value) {
  if (value == nullptr || value->is_null()) return zero(field);
  if (field.type != FieldType::kMessage || field.shape == FieldShape::kMap) return *value;
  if (field.shape == FieldShape::kSingle) return form(*field.message, value);
  json::Array elements;
  for (const json::Value& element : value->as_array()) elements.push_back(form(*field.message, &element));
  return elements.empty() ? zero(field) : json::Value(std::move(elements));
}

// The metadata of templates is a part of theirs, with the names of the API.
bool is_embedded_metadata(const FieldPlan& field) {
  return field.type == FieldType::kMessage && field.message->descriptor == metav1::ObjectMeta::descriptor();
}

void add_members(const MessagePlan& plan, const json::Value* document, json::Members& members) {
  for (const FieldPlan& field : plan.fields) {
    if (field.presence == Presence::kInline) {
      add_members(*field.message, document, members);
      continue;
    }
    const json::Value* value = document == nullptr ? nullptr : document->find(field.name);
    if (!is_embedded_metadata(field)) {
      members.emplace_back(go_name(field), field_form(field, value));
    } else if (value != nullptr && value->is_object()) {
      for (const auto& member : value->as_object()) members.push_back(member);
    }
  }
}

json::Value form(const MessagePlan& plan, const json::Value* document) {
  if (is_common(plan)) return document == nullptr ? json::Value() : *document;
  json::Members members;
  add_members(plan, document, members);
  return members;
}

}  // namespace

json::Value internal_form(const Message& message) {
  const json::Value document = json::to_value(message);
  return form(plan_of(message.GetDescriptor()), &document);
}

std::string internal_text(const Message& message) { return json::to_text(internal_form(message)); }

std::string internal_text(const Message& owner, const google::protobuf::FieldDescriptor* field) {
  const json::Value document = json::to_value(owner);
  for (const FieldPlan& plan : plan_of(owner.GetDescriptor()).fields) {
    if (plan.field == field) return json::to_text(field_form(plan, document.find(plan.name)));
  }
  return "null";
}

std::string internal_diff(const Message& before, const Message& after) {
  const std::string diff = unified_diff(json::to_text(internal_form(before), 1), json::to_text(internal_form(after), 1));
  return diff.empty() ? diff : "\n" + diff;
}

}  // namespace stint
