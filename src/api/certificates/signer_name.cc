#include "api/certificates/signer_name.h"

#include <algorithm>

#include "api/names.h"

namespace stint::certificates {
namespace {

constexpr size_t kNameBytesMax = kDnsSubdomainBytesMax + 1 + kDnsSubdomainBytesMax + kDnsLabelBytesMax + 1;

// The faults of the first part between dots that has any.
void validate_parts(std::string_view text, Faults (*faults_of)(std::string_view), const FieldPath& path, FieldErrors& errors) {
  for (std::string_view rest = text;;) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    const Faults faults = faults_of(part);
    for (const std::string& fault : faults) errors.invalid(path, quote(text), "validating label " + quote(part) + ": " + fault);
    if (!faults.empty() || part.size() == rest.size()) return;
    rest.remove_prefix(part.size() + 1);
  }
}

}  // namespace

void validate_signer_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  if (name.empty()) return errors.required(path);
  if (std::ranges::count(name, '/') != 1) {
    return errors.invalid(path, quote(name), "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  const std::string_view domain = std::string_view(name).substr(0, name.find('/'));
  const std::string_view own = std::string_view(name).substr(domain.size() + 1);
  if (domain.size() > kDnsSubdomainBytesMax) errors.too_long(path, kDnsSubdomainBytesMax);
  validate_parts(domain, dns_label_faults, path, errors);
  if (domain.find('.') == domain.npos) {
    errors.invalid(path, quote(domain), "should be a domain with at least two segments separated by dots");
  }
  validate_parts(own, dns_subdomain_faults, path, errors);
  if (name.size() > kNameBytesMax) errors.too_long(path, kNameBytesMax);
}

}  // namespace stint::certificates
