// What may be the name of a resource, and what may be asked of it, where containers, limits, quotas and storage name resources.
// Pure; any thread. Source: upstream's pkg/apis/core/helper/helpers.go.
#pragma once

#include <string>
#include <string_view>

#include "api/field_path.h"
#include "api/kind.h"
#include "api/pod_resources.h"

namespace stint::core {

bool is_huge_pages(std::string_view name);
// Without a prefix, or of kubernetes.io.
bool is_native_resource(std::string_view name);
// Of somebody else's domain, such as example.com/gpu: counted in whole units.
bool is_extended_resource(std::string_view name);
bool is_standard_quota_resource(std::string_view name);
bool is_integer_resource(std::string_view name);
// Whether more may be promised than there is.
bool may_overcommit(std::string_view name);

void validate_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors);
void validate_container_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors);
void validate_quota_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors);
// Not negative, and whole where the resource is counted.
void validate_quantity(std::string_view name, const resource::Quantity& quantity, const FieldPath& path, FieldErrors& errors);
void validate_positive_quantity(const resource::Quantity& quantity, const FieldPath& path, FieldErrors& errors);

// Quantities are kept to thousandths, rounded up.
void round_to_milli(ResourceList& list);

}  // namespace stint::core
