// What tests of pod rules share: a pod in a line, and the names of causes.
#pragma once

#include "api/rules_fixture.h"

namespace stint::core::pod_fixture {

inline constexpr std::string_view kInvalid = "FieldValueInvalid";
inline constexpr std::string_view kRequired = "FieldValueRequired";
inline constexpr std::string_view kForbidden = "FieldValueForbidden";
inline constexpr std::string_view kNotSupported = "FieldValueNotSupported";

// A pod with one container; `container` and `spec` are further members in YAML flow form.
inline corev1::Pod pod(std::string_view container = "", std::string_view spec = "") {
  std::string text = "metadata: {name: p}\nspec: {containers: [{name: main, image: busybox";
  if (!container.empty()) text += ", " + std::string(container);
  text += "}]";
  if (!spec.empty()) text += ", " + std::string(spec);
  return rules_fixture::from_yaml<corev1::Pod>(text + "}");
}

}  // namespace stint::core::pod_fixture
