// ClusterTrustBundle. Source: upstream's pkg/apis/certificates/validation and its printer.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "api/certificates/rules.h"
#include "api/certificates/signer_name.h"
#include "api/immutable_field.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::certificates {
namespace {

const certificatesv1::ClusterTrustBundle& as_bundle(const Message& object) {
  return static_cast<const certificatesv1::ClusterTrustBundle&>(object);
}

constexpr size_t kBundleBytesMax = 1024 * 1024;
constexpr std::string_view kOmitted = "\"<value omitted>\"";

struct Freed {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// One PEM block.
struct Block {
  std::string type, headers, content;
};

// Takes what it gets from OpenSSL.
std::string taken(void* data, size_t size) {
  std::string text(static_cast<const char*>(data), size);
  OPENSSL_free(data);
  return text;
}

std::vector<Block> blocks_of(const std::string& bundle) {
  std::vector<Block> blocks;
  const std::unique_ptr<BIO, Freed> in(BIO_new_mem_buf(bundle.data(), static_cast<int>(bundle.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(in.get(), &name, &header, &data, &size) == 1) {
    Block& block = blocks.emplace_back();
    block.type = taken(name, strlen(name));
    block.headers = taken(header, strlen(header));
    block.content = taken(data, static_cast<size_t>(size));
  }
  ERR_clear_error();
  return blocks;
}

// What is wrong with a block; empty if it is a trust anchor.
std::string block_fault(const Block& block) {
  if (block.type != "CERTIFICATE") return "has bad block type: " + block.type;
  if (!block.headers.empty()) return "has PEM block headers";
  const auto* start = reinterpret_cast<const unsigned char*>(block.content.data());
  const auto* end = start;
  const std::unique_ptr<X509, Freed> certificate(d2i_X509(nullptr, &end, static_cast<long>(block.content.size())));
  if (certificate == nullptr || end != start + block.content.size()) {
    ERR_clear_error();
    return "does not parse as X.509";
  }
  const uint32_t flags = X509_get_extension_flags(certificate.get());
  if ((flags & EXFLAG_CA) == 0) return "does not have the CA bit set";
  if ((flags & EXFLAG_BCONS) == 0) return "has invalid basic constraints";
  return "";
}

void validate_bundle(const std::string& bundle, FieldErrors& errors) {
  const FieldPath path("spec.trustBundle");
  if (bundle.size() > kBundleBytesMax) return errors.too_long(path, kBundleBytesMax);
  const std::vector<Block> blocks = blocks_of(bundle);
  std::map<std::string, std::vector<size_t>> places;
  bool sound = true;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string fault = block_fault(blocks[i]);
    places[blocks[i].content].push_back(i);
    if (fault.empty()) continue;
    sound = false;
    errors.invalid(path, kOmitted, "entry " + std::to_string(i) + " " + fault);
  }
  if (!sound) return;
  if (blocks.empty()) errors.invalid(path, kOmitted, "at least one trust anchor must be provided");
  for (const auto& [content, indices] : places) {
    if (indices.size() < 2) continue;
    std::string list;
    for (const size_t i : indices) list += (list.empty() ? "" : " ") + std::to_string(i);
    errors.invalid(path, kOmitted, "duplicate trust anchor (indices [" + list + "])");
  }
}

// The name says whose certificates these are.
void validate_bundle_name(const certificatesv1::ClusterTrustBundle& bundle, FieldErrors& errors) {
  const std::string& name = bundle.metadata().name();
  const std::string& signer = bundle.spec().signername();
  const FieldPath path("metadata.name");
  if (signer.empty()) {
    if (name.find(':') != name.npos) {
      return errors.invalid(path, quote(name), "ClusterTrustBundle without signer name must not have \":\" in its name");
    }
    return add_faults(dns_subdomain_faults(name), path, quote(name), errors);
  }
  std::string prefix = signer + ":";
  std::ranges::replace(prefix, '/', ':');
  if (!name.starts_with(prefix)) {
    return errors.invalid(path, quote(name), "ClusterTrustBundle for signerName " + signer + " must be named with prefix " + prefix);
  }
  add_faults(dns_subdomain_faults(name.substr(prefix.size())), path, quote(name), errors);
}

void validate_all_but_bundle(const certificatesv1::ClusterTrustBundle& bundle, FieldErrors& errors) {
  if (!bundle.metadata().name().empty()) validate_bundle_name(bundle, errors);
  if (!bundle.spec().signername().empty()) validate_signer_name(bundle.spec().signername(), FieldPath("spec.signerName"), errors);
}

void validate(const Message& object, FieldErrors& errors) {
  validate_all_but_bundle(as_bundle(object), errors);
  validate_bundle(as_bundle(object).spec().trustbundle(), errors);
}

// What is stored already is not read again: a later version may read it otherwise.
void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate_all_but_bundle(as_bundle(next), errors);
  const std::string& bundle = as_bundle(next).spec().trustbundle();
  if (bundle != as_bundle(old).spec().trustbundle()) validate_bundle(bundle, errors);
  validate_immutable_field(as_bundle(next).spec(), as_bundle(old).spec(), "signerName", FieldPath("spec"), errors);
}

// The rule of the name needs the object: see validate_bundle_name.
void any_name(std::string_view, bool, FieldErrors&, std::string_view) {}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the bundle."},
    {.name = "SignerName", .description = "The signer whose certificates it holds."},
};

void row(const Message& object, WallTime, Row& row) { row.cells = {meta(object).name(), or_none(as_bundle(object).spec().signername())}; }

constexpr SelectableField kFields[] = {
    {"spec.signerName", [](const Message& o) { return as_bundle(o).spec().signername(); }},
};

}  // namespace

constinit const Rules kClusterTrustBundleRules = {
    .validate = validate,
    .validate_update = validate_update,
    .validate_name = any_name,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::certificates
