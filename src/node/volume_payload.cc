#include "node/volume_payload.h"

namespace stint {
namespace {

using Items = google::protobuf::RepeatedPtrField<corev1::KeyToPath>;
using Bytes = std::map<std::string, std::string>;

constexpr int kModeDefault = 0644;

// Either every key, or the items named. `missing` is the text for a key that is not there.
Result<void> add_items(const Bytes& data, const Items& items, int mode, bool optional, std::string_view missing, Payload& out) {
  if (items.empty()) {
    for (const auto& [key, bytes] : data) out[key] = {bytes, mode};
    return {};
  }
  for (const auto& item : items) {
    auto found = data.find(item.key());
    if (found == data.end()) {
      if (optional) continue;
      return fail(Reason::kInvalid, std::string(missing) + item.key());
    }
    out[item.path()] = {found->second, item.has_mode() ? item.mode() : mode};
  }
  return {};
}

Result<void> add_config_map(const std::string& name, const Items& items, bool optional, int mode, const ReferencedObjects& objects,
                            Payload& out) {
  auto found = objects.config_maps.find(name);
  if (found == objects.config_maps.end()) {
    if (optional) return {};
    return fail(Reason::kNotFound, "configmap \"" + name + "\" not found");
  }
  Bytes data(found->second->data().begin(), found->second->data().end());
  data.insert(found->second->binarydata().begin(), found->second->binarydata().end());
  return add_items(data, items, mode, optional, "configmap references non-existent config key: ", out);
}

Result<void> add_secret(const std::string& name, const Items& items, bool optional, int mode, const ReferencedObjects& objects,
                        Payload& out) {
  auto found = objects.secrets.find(name);
  if (found == objects.secrets.end()) {
    if (optional) return {};
    return fail(Reason::kNotFound, "secret \"" + name + "\" not found");
  }
  const Bytes data(found->second->data().begin(), found->second->data().end());
  return add_items(data, items, mode, optional, "references non-existent secret key: ", out);
}

template <class Files>
Result<void> add_downward(const Files& files, int mode, const DownwardInput& input, Payload& out) {
  for (const auto& file : files) {
    auto value = file.has_fieldref() ? field_value(input, file.fieldref().fieldpath()) : resource_value(input, file.resourcefieldref(), "");
    if (!value) return std::unexpected(std::move(value).error());
    out[file.path()] = {*std::move(value), file.has_mode() ? file.mode() : mode};
  }
  return {};
}

Result<std::string> made_text(const corev1::VolumeProjection& source, const ReferencedObjects& objects) {
  const auto found = objects.made.find(projection_key(source));
  if (found == objects.made.end()) return fail(Reason::kInternalError, "nothing was made for a projected source");
  return found->second;
}

// Its owner's alone where it is known who that is.
Result<void> add_token(const corev1::VolumeProjection& source, int mode, const corev1::PodSpec& spec, const ReferencedObjects& objects,
                       Payload& out) {
  constexpr int kPrivate = 0600;
  PayloadFile file{.bytes = {}, .mode = mode, .owner = common_user(spec)};
  if (source.serviceaccounttoken().has_user()) file.owner = source.serviceaccounttoken().user();
  if (file.owner || spec.securitycontext().has_fsgroup()) file.mode = kPrivate;
  TRY(std::string text, made_text(source, objects));
  file.bytes = std::move(text);
  out[source.serviceaccounttoken().path()] = std::move(file);
  return {};
}

Result<void> add_projection(const corev1::VolumeProjection& source, int mode, const DownwardInput& downward,
                            const ReferencedObjects& objects, Payload& out) {
  if (source.has_configmap()) {
    const auto& map = source.configmap();
    return add_config_map(map.localobjectreference().name(), map.items(), map.optional(), mode, objects, out);
  }
  if (source.has_secret()) {
    const auto& secret = source.secret();
    return add_secret(secret.localobjectreference().name(), secret.items(), secret.optional(), mode, objects, out);
  }
  if (source.has_downwardapi()) return add_downward(source.downwardapi().items(), mode, downward, out);
  if (source.has_serviceaccounttoken()) return add_token(source, mode, downward.pod.spec(), objects, out);
  if (source.has_clustertrustbundle()) {
    TRY(std::string text, made_text(source, objects));
    out[source.clustertrustbundle().path()] = {std::move(text), mode};
    return {};
  }
  return fail(Reason::kInvalid, "this node can only project configMap, secret, downwardAPI, serviceAccountToken and clusterTrustBundle");
}

}  // namespace

bool has_payload(const corev1::VolumeSource& source) {
  return source.has_configmap() || source.has_secret() || source.has_downwardapi() || source.has_projected();
}

bool is_sensitive(const corev1::VolumeSource& source) { return source.has_secret() || source.has_projected() || source.has_downwardapi(); }

std::string projection_key(const corev1::VolumeProjection& projection) { return projection.SerializeAsString(); }

std::optional<int64_t> common_user(const corev1::PodSpec& spec) {
  std::optional<int64_t> user;
  for (const auto* list : {&spec.initcontainers(), &spec.containers()}) {
    for (const corev1::Container& container : *list) {
      const bool own = container.securitycontext().has_runasuser();
      if (!own && !spec.securitycontext().has_runasuser()) return std::nullopt;
      const int64_t one = own ? container.securitycontext().runasuser() : spec.securitycontext().runasuser();
      if (user && *user != one) return std::nullopt;
      user = one;
    }
  }
  return user;
}

void add_volume_references(const corev1::VolumeSource& source, ReferencedNames& names) {
  if (source.has_configmap()) names.config_maps.insert(source.configmap().localobjectreference().name());
  if (source.has_secret()) names.secrets.insert(source.secret().secretname());
  for (const auto& projection : source.projected().sources()) {
    if (projection.has_configmap()) names.config_maps.insert(projection.configmap().localobjectreference().name());
    if (projection.has_secret()) names.secrets.insert(projection.secret().localobjectreference().name());
    if (projection.has_serviceaccounttoken() || projection.has_clustertrustbundle()) names.made.push_back(projection);
  }
}

Result<Payload> build_payload(const corev1::VolumeSource& source, const DownwardInput& downward, const ReferencedObjects& objects) {
  Payload out;
  if (source.has_configmap()) {
    const auto& map = source.configmap();
    const int mode = map.has_defaultmode() ? map.defaultmode() : kModeDefault;
    TRY_VOID(add_config_map(map.localobjectreference().name(), map.items(), map.optional(), mode, objects, out));
  } else if (source.has_secret()) {
    const auto& secret = source.secret();
    const int mode = secret.has_defaultmode() ? secret.defaultmode() : kModeDefault;
    TRY_VOID(add_secret(secret.secretname(), secret.items(), secret.optional(), mode, objects, out));
  } else if (source.has_downwardapi()) {
    const auto& api = source.downwardapi();
    TRY_VOID(add_downward(api.items(), api.has_defaultmode() ? api.defaultmode() : kModeDefault, downward, out));
  } else if (source.has_projected()) {
    const auto& projected = source.projected();
    const int mode = projected.has_defaultmode() ? projected.defaultmode() : kModeDefault;
    for (const auto& each : projected.sources()) TRY_VOID(add_projection(each, mode, downward, objects, out));
  }
  return out;
}

}  // namespace stint
