// A container's environment: envFrom, env, references and expansion, in upstream's order. Pure; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "node/downward.h"

namespace stint {

// (volume, path in it) → text, of files that hold variables.
using EnvFiles = std::map<std::pair<std::string, std::string>, std::string>;

// ConfigMaps and Secrets of the pod's namespace; one that does not exist is not in the map.
// `made` is text that is made for this pod alone, tokens and trust anchors, by projection_key().
struct ReferencedObjects {
  std::map<std::string, std::shared_ptr<const corev1::ConfigMap>> config_maps;
  std::map<std::string, std::shared_ptr<const corev1::Secret>> secrets;
  std::map<std::string, std::string> made;
  EnvFiles files;
};
struct ReferencedNames {
  std::set<std::string> config_maps, secrets;
  std::vector<corev1::VolumeProjection> made;
};

void add_environment_references(const corev1::Container& container, ReferencedNames& names);

using Environment = std::map<std::string, std::string>;
// `services` is what the container may refer to and override. An error is what CreateContainerConfigError says: a missing object or key
// that is not optional.
Result<Environment> build_environment(const corev1::Container& container, const DownwardInput& downward, const ReferencedObjects& objects,
                                      Environment services = {});

// "$(NAME)" from the environment, "$$" as "$"; what cannot be resolved stays as it is written.
std::string expand(std::string_view text, const Environment& environment);

}  // namespace stint
