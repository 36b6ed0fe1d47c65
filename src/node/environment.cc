#include "node/environment.h"

#include "node/env_file.h"

namespace stint {
namespace {

template <class Map>
auto find_object(const Map& objects, const std::string& name) -> typename Map::mapped_type {
  auto found = objects.find(name);
  return found == objects.end() ? nullptr : found->second;
}

std::unexpected<Error> not_found(std::string_view resource, const std::string& name) {
  return fail(Reason::kNotFound, std::string(resource) + " \"" + name + "\" not found");
}

Result<void> add_env_from(const corev1::EnvFromSource& source, const ReferencedObjects& objects, Environment& out) {
  if (source.has_configmapref()) {
    const std::string& name = source.configmapref().localobjectreference().name();
    auto object = find_object(objects.config_maps, name);
    if (!object && source.configmapref().optional()) return {};
    if (!object) return not_found("configmap", name);
    for (const auto& [key, value] : object->data()) out[source.prefix() + key] = value;
  } else if (source.has_secretref()) {
    const std::string& name = source.secretref().localobjectreference().name();
    auto object = find_object(objects.secrets, name);
    if (!object && source.secretref().optional()) return {};
    if (!object) return not_found("secret", name);
    for (const auto& [key, value] : object->data()) out[source.prefix() + key] = value;
  }
  return {};
}

// Nothing: an optional reference that leads nowhere.
template <class Selector, class ObjectPointer>
Result<std::optional<std::string>> key_value(const Selector& selector, const ObjectPointer& object, std::string_view resource,
                                             std::string_view kind, const std::string& ns) {
  const std::string& name = selector.localobjectreference().name();
  if (!object) {
    if (selector.optional()) return std::nullopt;
    return not_found(resource, name);
  }
  auto found = object->data().find(selector.key());
  if (found != object->data().end()) return found->second;
  if (selector.optional()) return std::nullopt;
  return fail(Reason::kInvalid, "couldn't find key " + selector.key() + " in " + std::string(kind) + " " + ns + "/" + name);
}

Result<std::optional<std::string>> file_value(const corev1::FileKeySelector& ref, const EnvFiles& files) {
  const auto found = files.find({ref.volumename(), ref.path()});
  if (found == files.end()) return fail(Reason::kInvalid, "couldn't parse env file");
  auto value = env_file_value(found->second, ref.key());
  if (!value) return fail(Reason::kInvalid, "couldn't parse env file: " + value.error().message);
  if (!value->empty()) return *std::move(value);
  if (ref.optional()) return std::nullopt;
  return fail(Reason::kInvalid, "environment variable key \"" + ref.key() + "\" not found in file \"" + ref.path() + "\"");
}

Result<std::optional<std::string>> source_value(const corev1::EnvVarSource& source, const corev1::Container& container,
                                                const DownwardInput& downward, const ReferencedObjects& objects) {
  const std::string& ns = downward.pod.metadata().namespace_();
  if (source.has_fieldref()) return field_value(downward, source.fieldref().fieldpath());
  if (source.has_resourcefieldref()) return resource_value(downward, source.resourcefieldref(), container.name());
  if (source.has_configmapkeyref()) {
    const auto& ref = source.configmapkeyref();
    return key_value(ref, find_object(objects.config_maps, ref.localobjectreference().name()), "configmap", "ConfigMap", ns);
  }
  if (source.has_secretkeyref()) {
    const auto& ref = source.secretkeyref();
    return key_value(ref, find_object(objects.secrets, ref.localobjectreference().name()), "secret", "Secret", ns);
  }
  if (source.has_filekeyref()) return file_value(source.filekeyref(), objects.files);
  return fail(Reason::kInvalid, "valueFrom names no source that this node can read");
}

}  // namespace

void add_environment_references(const corev1::Container& container, ReferencedNames& names) {
  for (const auto& source : container.envfrom()) {
    if (source.has_configmapref()) names.config_maps.insert(source.configmapref().localobjectreference().name());
    if (source.has_secretref()) names.secrets.insert(source.secretref().localobjectreference().name());
  }
  for (const auto& variable : container.env()) {
    const auto& source = variable.valuefrom();
    if (source.has_configmapkeyref()) names.config_maps.insert(source.configmapkeyref().localobjectreference().name());
    if (source.has_secretkeyref()) names.secrets.insert(source.secretkeyref().localobjectreference().name());
  }
}

Result<Environment> build_environment(const corev1::Container& container, const DownwardInput& downward, const ReferencedObjects& objects,
                                      Environment services) {
  Environment environment = std::move(services);
  for (const auto& source : container.envfrom()) TRY_VOID(add_env_from(source, objects, environment));
  for (const auto& variable : container.env()) {
    if (!variable.value().empty() || !variable.has_valuefrom()) {
      environment[variable.name()] = expand(variable.value(), environment);
      continue;
    }
    TRY(auto value, source_value(variable.valuefrom(), container, downward, objects));
    if (value) environment[variable.name()] = *std::move(value);
  }
  return environment;
}

std::string expand(std::string_view text, const Environment& environment) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (size_t end = text.find(')', i); text[i + 1] == '(' && end != std::string_view::npos) {
      auto found = environment.find(std::string(text.substr(i + 2, end - i - 2)));
      out += found != environment.end() ? std::string_view(found->second) : text.substr(i, end - i + 1);
      i = end;
    } else {
      out += '$';
    }
  }
  return out;
}

}  // namespace stint
