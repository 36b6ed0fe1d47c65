#include "node/trust_anchors.h"

#include <set>

#include "api/selector.h"

namespace stint {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
constexpr size_t kLineBytes = 64;

// The base64 of each block, without line ends.
void add_blocks(std::string_view pem, std::set<std::string>& blocks) {
  while (true) {
    const size_t begin = pem.find(kBegin), end = pem.find(kEnd, begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return;
    std::string block;
    for (const char c : pem.substr(begin + kBegin.size(), end - begin - kBegin.size())) {
      if (c != '\n' && c != '\r' && c != ' ') block += c;
    }
    blocks.insert(std::move(block));
    pem.remove_prefix(end + kEnd.size());
  }
}

std::string pem_of(const std::set<std::string>& blocks) {
  std::string out;
  for (const std::string& block : blocks) {
    (out += kBegin) += '\n';
    for (size_t at = 0; at < block.size(); at += kLineBytes) (out += block.substr(at, kLineBytes)) += '\n';
    (out += kEnd) += '\n';
  }
  return out;
}

}  // namespace

Result<std::string> trust_anchors(const corev1::ClusterTrustBundleProjection& projection, const std::vector<Object>& bundles) {
  std::set<std::string> blocks;
  size_t chosen = 0;
  // No selector chooses nothing, an empty one everything.
  TRY(const LabelSelector selector, LabelSelector::from(projection.labelselector()));
  for (const Object& object : bundles) {
    const auto& bundle = static_cast<const certificatesv1::ClusterTrustBundle&>(*object);
    const bool fits = projection.has_name() ? bundle.metadata().name() == projection.name()
                                            : projection.has_labelselector() && bundle.spec().signername() == projection.signername() &&
                                                  selector.matches(bundle.metadata().labels());
    if (!fits) continue;
    ++chosen;
    add_blocks(bundle.spec().trustbundle(), blocks);
  }
  if (chosen > 0 || projection.optional()) return pem_of(blocks);
  if (projection.has_name()) {
    return fail(Reason::kNotFound,
                "while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io " + quote(projection.name()) + " not found");
  }
  return fail(Reason::kNotFound, "combination of signerName and labelSelector matched zero ClusterTrustBundles");
}

}  // namespace stint
