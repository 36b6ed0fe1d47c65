// Each pod runs under a ServiceAccount, and gets its token where client libraries look for it. Source: upstream's
// plugin/pkg/admission/serviceaccount.
#include <algorithm>

#include "server/admission.h"
#include "server/errors.h"
#include "server/metadata.h"

namespace stint {
namespace {

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kVolumePrefix = "kube-api-access-";
constexpr char kDefaultAccount[] = "default";
constexpr int64_t kTokenSeconds = 3607;
constexpr int kModeDefault = 0644;
constexpr int kLookUpsMax = 20;
constexpr std::chrono::milliseconds kLookUpPause{50};

bool wants_token(const corev1::PodSpec& spec, const corev1::ServiceAccount& account) {
  if (spec.has_automountserviceaccounttoken()) return spec.automountserviceaccounttoken();
  return !account.has_automountserviceaccounttoken() || account.automountserviceaccounttoken();
}

// Containers that mount something there themselves are left alone.
bool add_mounts(const std::string& volume, google::protobuf::RepeatedPtrField<corev1::Container>& containers) {
  bool added = false;
  for (corev1::Container& container : containers) {
    const auto& mounts = container.volumemounts();
    if (std::ranges::any_of(mounts, [](const corev1::VolumeMount& mount) { return mount.mountpath() == kTokenPath; })) continue;
    corev1::VolumeMount& mount = *container.add_volumemounts();
    mount.set_name(volume);
    mount.set_readonly(true);
    mount.set_mountpath(std::string(kTokenPath));
    added = true;
  }
  return added;
}

void fill_token_volume(const std::string& name, corev1::Volume& volume) {
  volume.set_name(name);
  auto& projected = *volume.mutable_volumesource()->mutable_projected();
  projected.set_defaultmode(kModeDefault);
  auto& token = *projected.add_sources()->mutable_serviceaccounttoken();
  token.set_path("token");
  token.set_expirationseconds(kTokenSeconds);
  auto& authority = *projected.add_sources()->mutable_configmap();
  authority.mutable_localobjectreference()->set_name("kube-root-ca.crt");
  authority.add_items()->set_key("ca.crt");
  authority.mutable_items(0)->set_path("ca.crt");
  auto& ns = *projected.add_sources()->mutable_downwardapi()->add_items();
  ns.set_path("namespace");
  ns.mutable_fieldref()->set_apiversion("v1");
  ns.mutable_fieldref()->set_fieldpath("metadata.namespace");
}

void mount_token(corev1::PodSpec& spec, Rng& rng) {
  const auto found =
      std::ranges::find_if(spec.volumes(), [](const corev1::Volume& volume) { return volume.name().starts_with(kVolumePrefix); });
  const bool exists = found != spec.volumes().end();
  const std::string name = exists ? found->name() : generate_name(kVolumePrefix, rng);
  bool needed = add_mounts(name, *spec.mutable_initcontainers());
  needed |= add_mounts(name, *spec.mutable_containers());
  if (needed && !exists) fill_token_volume(name, *spec.add_volumes());
}

const std::string& account_name(const corev1::PodSpec& spec) {
  static const std::string kDefault = kDefaultAccount;
  return spec.serviceaccountname().empty() ? kDefault : spec.serviceaccountname();
}

}  // namespace

Result<void> admit_service_account(const Admission& admission) {
  corev1::Pod* pod = written_pod(admission);
  if (pod == nullptr || admission.verb != Verb::kCreate) return {};
  corev1::PodSpec& spec = *pod->mutable_spec();
  if (pod->metadata().annotations().contains("kubernetes.io/config.mirror")) {
    // A kubelet compares it with the pod that it runs, and wants it as it is.
    if (spec.serviceaccountname().empty()) return {};
    return fail(forbidden(*admission.request.kind, meta(*pod).name(), "a mirror pod may not reference service accounts"));
  }
  spec.set_serviceaccountname(account_name(spec));
  spec.set_serviceaccount(spec.serviceaccountname());
  const std::string& ns = admission.request.ns;
  TRY(auto stored, admission.core.registry.find(kind_of<corev1::ServiceAccount>(), ns, spec.serviceaccountname()));
  if (!stored) {
    return fail(forbidden(*admission.request.kind, meta(*pod).name(),
                          "error looking up service account " + ns + "/" + spec.serviceaccountname() + ": serviceaccount " +
                              quote(spec.serviceaccountname()) + " not found"));
  }
  const auto& account = static_cast<const corev1::ServiceAccount&>(*stored->object);
  if (wants_token(spec, account)) mount_token(spec, admission.core.loop.rng());
  if (spec.imagepullsecrets().empty()) *spec.mutable_imagepullsecrets() = account.imagepullsecrets();
  return {};
}

Task<void> wait_for_default_account(Core& core, const Kind& kind, const std::string& ns, const Message& object) {
  if (kind.descriptor() != corev1::Pod::descriptor()) co_return;
  if (account_name(static_cast<const corev1::Pod&>(object).spec()) != kDefaultAccount) co_return;
  const auto exists = [&](const Kind& of, std::string_view in, std::string_view name) { return core.registry.exists(of, in, name); };
  for (int i = 0; i < kLookUpsMax; ++i) {
    if (exists(kind_of<corev1::ServiceAccount>(), ns, kDefaultAccount) || !exists(kind_of<corev1::Namespace>(), "", ns)) co_return;
    co_await sleep_for(core.loop, kLookUpPause);
  }
}

}  // namespace stint
