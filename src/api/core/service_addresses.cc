#include "api/core/service_addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <map>

#include "api/core/service_type.h"
#include "api/core/service_validation.h"
#include "api/field_path.h"
#include "api/json.h"

namespace stint::core {
namespace {

using Spec = corev1::ServiceSpec;

// 10.96.0.0/16. Addresses are chosen above the first 256, which are left to those who ask for one.
constexpr uint32_t kRangeStart = 0x0a600000, kRangeSize = 1 << 16, kReserved = 256;
constexpr std::string_view kRange = "10.96.0.0/16";
constexpr int32_t kNodePortMin = 30000, kNodePortMax = 32767;
constexpr const char* kFamily = "IPv4";
constexpr const char* kOtherFamily = "IPv6";

std::string shown_list(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return texts.empty() ? "null" : json::to_text(json::Array(texts.begin(), texts.end()));
}

std::string address_text(uint32_t bits) {
  in_addr address{.s_addr = htonl(bits)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &address, text, sizeof text);
}

class Assignment {
 public:
  Assignment(corev1::Service& next, const corev1::Service* old, const ServiceNumbers& taken, const std::function<uint64_t()>& random,
             FieldErrors& errors)
      : spec_(*next.mutable_spec()),
        is_this_api_(next.metadata().namespace_() == "default" && next.metadata().name() == "kubernetes"),
        old_(old == nullptr ? nullptr : &old->spec()),
        taken_(taken),
        random_(random),
        errors_(errors) {
    if (old_ != nullptr) own_.add(*old_);
  }

  void run() {
    if (old_ != nullptr) keep_what_was_chosen();
    pair_addresses();
    if (needs_address(spec_)) {
      choose_families();
      if (errors_.empty() && !is_headless(spec_)) choose_addresses();
    }
    if (errors_.empty() && uses_node_ports(spec_)) choose_node_ports();
    if (errors_.empty() && needs_health_check(spec_)) choose_health_port();
  }

 private:
  // A client may send again what it sent first, without what was chosen for it since.
  void keep_what_was_chosen() {
    if (needs_address(*old_) && needs_address(spec_)) {
      if (spec_.clusterip().empty()) spec_.set_clusterip(old_->clusterip());
      if (spec_.clusterips().empty()) *spec_.mutable_clusterips() = old_->clusterips();
    }
    if (uses_node_ports(*old_) && uses_node_ports(spec_)) keep_node_ports();
    if (needs_health_check(*old_) && needs_health_check(spec_) && spec_.healthchecknodeport() == 0) {
      spec_.set_healthchecknodeport(old_->healthchecknodeport());
    }
  }

  void keep_node_ports() {
    std::map<std::string_view, int32_t> by_name;
    std::set<int32_t> named;
    for (const corev1::ServicePort& port : old_->ports()) by_name[port.name()] = port.nodeport();
    for (const corev1::ServicePort& port : spec_.ports()) named.insert(port.nodeport());
    for (corev1::ServicePort& port : *spec_.mutable_ports()) {
      const auto was = by_name.find(port.name());
      if (port.nodeport() == 0 && was != by_name.end() && !named.contains(was->second)) port.set_nodeport(was->second);
    }
  }

  // Old clients know only the singular field.
  void pair_addresses() {
    if (old_ == nullptr) {
      if (!spec_.clusterip().empty() && spec_.clusterips().empty()) spec_.add_clusterips(spec_.clusterip());
      return;
    }
    if (spec_.clusterips().empty() && old_->clusterip() == spec_.clusterip()) *spec_.mutable_clusterips() = old_->clusterips();
    if (old_->clusterip() == spec_.clusterip() || !same_list(old_->clusterips(), spec_.clusterips())) return;
    spec_.clear_clusterips();
    if (!spec_.clusterip().empty()) spec_.add_clusterips(spec_.clusterip());
  }

  void choose_policy() {
    if (spec_.has_ipfamilypolicy()) return;
    if (old_ != nullptr && old_->has_ipfamilypolicy()) return spec_.set_ipfamilypolicy(old_->ipfamilypolicy());
    spec_.set_ipfamilypolicy(is_free() ? "RequireDualStack" : "SingleStack");
  }

  // Without an address and without a selector: its members may have any family.
  bool is_free() const { return spec_.clusterip() == kNoAddress && spec_.selector().empty(); }

  void refuse_policy(std::string_view why) { errors_.invalid("spec.ipFamilyPolicy", quote(spec_.ipfamilypolicy()), why); }

  void check_policy() {
    if (spec_.ipfamilypolicy() == "SingleStack") {
      if (spec_.clusterips_size() == 2) {
        refuse_policy("must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
      }
      if (spec_.ipfamilies_size() == 2) {
        refuse_policy("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
      }
    }
    for (int i = 0; i < spec_.clusterips_size(); ++i) {
      const std::string& address = spec_.clusterips(i);
      if (address == kNoAddress || i < spec_.ipfamilies_size()) continue;
      if (address.find(':') == address.npos) {
        spec_.add_ipfamilies(kFamily);
      } else {
        errors_.invalid(FieldPath("spec.clusterIPs").index(static_cast<size_t>(i)), shown_list(spec_.clusterips()),
                        "IPv6 is not configured on this cluster");
      }
    }
  }

  void choose_families() {
    choose_policy();
    validate_service_addresses(spec_, errors_);
    if (!errors_.empty()) return;
    check_policy();
    if (!errors_.empty()) return;
    if (is_free()) {
      if (spec_.ipfamilies().empty()) spec_.add_ipfamilies(kFamily);
      if (spec_.ipfamilies_size() < 2 && spec_.ipfamilypolicy() != "SingleStack") {
        spec_.add_ipfamilies(spec_.ipfamilies(0) == kFamily ? kOtherFamily : kFamily);
      }
      return;
    }
    if (spec_.ipfamilypolicy() == "RequireDualStack") refuse_policy("this cluster is not configured for dual-stack services");
    for (int i = 0; i < spec_.ipfamilies_size(); ++i) {
      if (spec_.ipfamilies(i) == kFamily) continue;
      errors_.invalid(FieldPath("spec.ipFamilies").index(static_cast<size_t>(i)), quote(spec_.ipfamilies(i)),
                      "not configured on this cluster");
    }
    if (errors_.empty() && spec_.ipfamilies().empty()) spec_.add_ipfamilies(kFamily);
  }

  bool is_taken(const std::string& address) const { return taken_.addresses.contains(address) && !own_.addresses.contains(address); }

  void choose_addresses() {
    if (spec_.clusterips().empty()) {
      const std::string address = free_address();
      if (address.empty()) return errors_.invalid("spec.clusterIPs", "[\"\"]", "failed to allocate IP: range is full");
      spec_.add_clusterips(address);
      spec_.set_clusterip(address);
      return;
    }
    const std::string& address = spec_.clusterips(0);
    // The one that stands for this API has the address that this API listens at.
    if (own_.addresses.contains(address) || is_this_api_) return;
    const std::string fault = address_fault(address);
    if (fault.empty()) return;
    errors_.invalid("spec.clusterIPs", shown_list(spec_.clusterips()), "failed to allocate IP " + address + ": " + fault);
  }

  std::string address_fault(const std::string& address) const {
    in_addr bits{};
    inet_pton(AF_INET, address.c_str(), &bits);
    const uint32_t offset = ntohl(bits.s_addr) - kRangeStart;
    if (offset == 0 || offset >= kRangeSize - 1) {
      return "the provided IP (" + address + ") is not in the valid range. The range of valid IPs is " + std::string(kRange);
    }
    return is_taken(address) ? "provided IP is already allocated" : "";
  }

  std::string free_address() const {
    constexpr uint32_t kCount = kRangeSize - 1 - kReserved;
    const uint64_t start = random_();
    for (uint32_t i = 0; i < kCount; ++i) {
      const std::string address = address_text(kRangeStart + kReserved + static_cast<uint32_t>((start + i) % kCount));
      if (!taken_.addresses.contains(address)) return address;
    }
    return "";
  }

  // Two ports of one number, such as TCP and UDP, share a node port.
  void choose_node_ports() {
    const bool automatic = !is_balanced(spec_) || !spec_.has_allocateloadbalancernodeports() || spec_.allocateloadbalancernodeports();
    std::map<int32_t, int32_t> by_port;
    for (const corev1::ServicePort& port : spec_.ports()) {
      if (port.nodeport() == 0) continue;
      by_port.insert({port.port(), port.nodeport()});
      asked_for_.insert(port.nodeport());
    }
    for (int i = 0; i < spec_.ports_size(); ++i) {
      corev1::ServicePort& port = *spec_.mutable_ports(i);
      if (port.nodeport() != 0) {
        check_node_port(port.nodeport(), FieldPath("spec.ports").index(static_cast<size_t>(i)) / "nodePort");
      } else if (automatic) {
        int32_t& chosen = by_port[port.port()];
        if (chosen == 0) chosen = free_node_port();
        port.set_nodeport(chosen);
      }
    }
  }

  void choose_health_port() {
    if (spec_.healthchecknodeport() == 0) spec_.set_healthchecknodeport(free_node_port());
  }

  void check_node_port(int32_t port, const FieldPath& path) {
    if (own_.node_ports.contains(port)) return;
    if (port < kNodePortMin || port > kNodePortMax) {
      errors_.invalid(path, shown(port), "provided port is not in the valid range. The range of valid ports is 30000-32767");
    } else if (taken_.node_ports.contains(port)) {
      errors_.invalid(path, shown(port), "provided port is already allocated");
    }
  }

  int32_t free_node_port() {
    constexpr int32_t kCount = kNodePortMax - kNodePortMin + 1;
    const uint64_t start = random_();
    for (int32_t i = 0; i < kCount; ++i) {
      const int32_t port = kNodePortMin + static_cast<int32_t>((start + static_cast<uint64_t>(i)) % kCount);
      if (taken_.node_ports.contains(port) || own_.node_ports.contains(port) || asked_for_.contains(port)) continue;
      asked_for_.insert(port);
      return port;
    }
    errors_.invalid("spec.ports", "null", "failed to allocate a nodePort: range is full");
    return 0;
  }

  Spec& spec_;
  const bool is_this_api_;
  const Spec* old_;
  const ServiceNumbers& taken_;
  ServiceNumbers own_;           // the old state's
  std::set<int32_t> asked_for_;  // node ports of the next state
  const std::function<uint64_t()>& random_;
  FieldErrors& errors_;
};

}  // namespace

void ServiceNumbers::add(const Spec& spec) {
  for (const std::string& address : spec.clusterips()) {
    if (address != kNoAddress) addresses.insert(address);
  }
  for (const corev1::ServicePort& port : spec.ports()) {
    if (port.nodeport() != 0) node_ports.insert(port.nodeport());
  }
  if (spec.healthchecknodeport() != 0) node_ports.insert(spec.healthchecknodeport());
}

void assign_service_addresses(corev1::Service& next, const corev1::Service* old, const ServiceNumbers& taken,
                              const std::function<uint64_t()>& random, FieldErrors& errors) {
  Assignment(next, old, taken, random, errors).run();
}

}  // namespace stint::core
