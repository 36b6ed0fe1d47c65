// What may be a name, a label, a key. Each check returns its faults in words, empty when there is none. Pure; any thread.
// Source: upstream's apimachinery/pkg/util/validation, whose words clients see.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_path.h"
#include "api/kind.h"

namespace stint {

inline constexpr size_t kDnsLabelBytesMax = 63;
inline constexpr size_t kDnsSubdomainBytesMax = 253;
inline constexpr size_t kLabelValueBytesMax = 63;

using Faults = std::vector<std::string>;

Faults dns_label_faults(std::string_view text);
Faults dns_subdomain_faults(std::string_view text);
Faults dns_search_faults(std::string_view text);  // a DNS subdomain in which '_' is fine
// "[prefix/]name": keys of labels, finalizers, condition types.
Faults qualified_name_faults(std::string_view text);
Faults label_value_faults(std::string_view text);
Faults config_key_faults(std::string_view text);  // keys of ConfigMaps and Secrets
Faults env_name_faults(std::string_view text);
Faults port_name_faults(std::string_view text);
Faults port_number_faults(int64_t port);
Faults http_header_name_faults(std::string_view text);
Faults id_faults(int64_t uid_or_gid);
Faults ip_faults(std::string_view text);
Faults cidr_faults(std::string_view text);
// "… (e.g. 'a',  or 'b', regex used for validation is '…')"
std::string regex_fault(std::string_view rule, std::string_view regex, std::initializer_list<std::string_view> examples = {});
// "[a b]": as the texts of warnings tell faults.
std::string listed(const Faults& faults);

// A generateName prefix may end in '-': that one character is read as a letter.
std::string without_trailing_dash(std::string_view prefix);

// One Invalid error for each fault.
void add_faults(const Faults& faults, const FieldPath& field, std::string_view shown_value, FieldErrors& errors);

// Rules::validate_name of the two usual forms.
void name_is_dns_label(std::string_view name, bool is_prefix, FieldErrors& errors, std::string_view field);
void name_is_dns_subdomain(std::string_view name, bool is_prefix, FieldErrors& errors, std::string_view field);

// Qualified, and with a domain unless it is one of upstream's own three.
bool is_known_finalizer(std::string_view finalizer);

// The keys and values of a label map at `field`; the key stands as the value of the error.
using StringMap = google::protobuf::Map<std::string, std::string>;
void validate_labels(const StringMap& labels, const FieldPath& field, FieldErrors& errors);
void validate_annotations(const StringMap& annotations, const FieldPath& field, FieldErrors& errors);
// A label selector's keys, operators and values.
void validate_label_selector(const metav1::LabelSelector& selector, const FieldPath& field, FieldErrors& errors);

}  // namespace stint
