#include "node/local_provisioner.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "api/core/access_modes.h"
#include "api/core/volume_match.h"
#include "api/object.h"
#include "api/storage/rules.h"
#include "base/log.h"
#include "os/file.h"

namespace stint {
namespace {

using Claim = corev1::PersistentVolumeClaim;
using Volume = corev1::PersistentVolume;

constexpr char kFinalizer[] = "external-provisioner.volume.kubernetes.io/finalizer";
constexpr char kHostname[] = "kubernetes.io/hostname";
constexpr char kOnItsWay[] = ".removed-";  // before the name of a directory that is being removed
constexpr WorkQueue::Options kQueueOptions{.workers = 2};
constexpr Duration kClassRetry = std::chrono::seconds(5);

// Of any user, as the directory of an emptyDir is. One that is there already is from a life in which we were killed.
Result<void> make_directory(const std::string& dir, const std::string& path) {
  TRY_VOID(os::make_directories(dir, 0711));
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail(errno_error("make " + path, errno));
  if (chmod(path.c_str(), 0777) != 0) return fail(errno_error("chmod " + path, errno));
  return os::sync_directory(dir);
}

// Out of the way first, so that a volume is there whole or not at all whenever we are killed.
Result<void> remove_directory(const std::string& dir, const std::string& name) {
  const std::string aside = dir + "/" + kOnItsWay + name;
  TRY_VOID(os::remove_tree(aside));
  if (rename((dir + "/" + name).c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail(errno_error("remove " + dir + "/" + name, errno));
  }
  return os::remove_tree(aside);
}

void remove_leftovers(const std::string& dir) {
  const auto names = os::list_directory(dir);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(kOnItsWay)) continue;
    if (auto removed = os::remove_tree(dir + "/" + name); !removed)
      log_warning("part of a removed volume stays", "error", removed.error().message);
  }
}

// Why no volume of ours is what the claim asks for; "" if one is.
std::string refusal(const Claim& claim, const storagev1::StorageClass& storage_class) {
  if (claim.spec().has_selector()) return "claim Selector is not supported";
  if (claim.spec().volumemode() == "Block") return "volumes of this class are directories: volumeMode Block is not supported";
  if (claim.spec().has_datasource() || claim.spec().has_datasourceref())
    return "volumes of this class start empty: dataSource is not supported";
  if (!storage_class.parameters().empty()) return "this provisioner has no parameter \"" + storage_class.parameters().begin()->first + "\"";
  return "";
}

}  // namespace

LocalProvisioner::LocalProvisioner(Loop& loop, Client& client, std::string node, std::string dir)
    : loop_(loop),
      client_(client),
      node_(std::move(node)),
      dir_(std::move(dir)),
      recorder_(loop, client, kLocalProvisioner, node_),
      claims_(loop, client, kind_of<Claim>()),
      volumes_(loop, client, kind_of<Volume>()),
      classes_(loop, client, kind_of<storagev1::StorageClass>()),
      claim_queue_(loop, "provisioned-claims", kQueueOptions, [this](std::string key) { return sync_claim(std::move(key)); }),
      volume_queue_(loop, "provisioned-volumes", kQueueOptions, [this](std::string name) { return sync_volume(std::move(name)); }),
      scope_(loop) {
  claims_.add_handler([this](const Object&, const Object& next) {
    if (next && core::annotation_of(*next, core::kStorageProvisioner) == kLocalProvisioner) claim_queue_.add(object_key(*next));
  });
  volumes_.add_handler([this](const Object&, const Object& next) {
    if (next && is_ours(static_cast<const Volume&>(*next))) volume_queue_.add(meta(*next).name());
  });
}

void LocalProvisioner::start() { scope_.spawn(run()); }

Task<void> LocalProvisioner::run() {
  co_await on_pool(loop_, [dir = dir_] { remove_leftovers(dir); });
  claims_.start();
  volumes_.start();
  classes_.start();
  for (Informer* informer : {&claims_, &volumes_, &classes_}) co_await informer->synced_event().wait();
  claim_queue_.start();
  volume_queue_.start();
  while (true) {
    auto made = co_await make_class();
    if (made) co_return;
    log_warning("storage class is not made yet", "name", kLocalClass, "error", made.error().message);
    co_await sleep_for(loop_, kClassRetry);
  }
}

// The default one, unless another is; one of that name stays as it is.
Task<Result<void>> LocalProvisioner::make_class() {
  if (classes_.get("", kLocalClass)) co_return Result<void>();
  const std::vector<Object> objects = classes_.list();
  std::vector<const storagev1::StorageClass*> classes;
  for (const Object& object : objects) classes.push_back(static_cast<const storagev1::StorageClass*>(object.get()));
  storagev1::StorageClass made;
  made.mutable_metadata()->set_name(kLocalClass);
  if (storage::default_class(classes) == nullptr)
    (*made.mutable_metadata()->mutable_annotations())[storage::kDefaultClassAnnotation] = "true";
  made.set_provisioner(kLocalProvisioner);
  made.set_reclaimpolicy("Delete");
  made.set_volumebindingmode("WaitForFirstConsumer");
  auto created = co_await create(client_, std::move(made));
  if (!created && created.error().reason != Reason::kAlreadyExists) co_return std::unexpected(std::move(created).error());
  co_return Result<void>();
}

bool LocalProvisioner::is_ours(const Volume& volume) const {
  return core::annotation_of(volume, core::kProvisionedBy) == kLocalProvisioner &&
         volume.spec().persistentvolumesource().local().path() == path_of(volume.metadata().name()) &&
         volume.metadata().name().starts_with("pvc-") && volume.metadata().name().find('/') == std::string::npos;
}

bool LocalProvisioner::is_wanted(const Claim& claim, const storagev1::StorageClass& storage_class) const {
  if (!claim.spec().volumename().empty() || is_deleting(claim) || storage_class.provisioner() != kLocalProvisioner) return false;
  const std::string selected = core::annotation_of(claim, core::kSelectedNode);
  return selected.empty() ? storage_class.volumebindingmode() == "Immediate" : selected == node_;
}

Volume LocalProvisioner::volume_for(const Claim& claim, const storagev1::StorageClass& storage_class) const {
  Volume volume;
  volume.mutable_metadata()->set_name("pvc-" + claim.metadata().uid());
  (*volume.mutable_metadata()->mutable_annotations())[core::kProvisionedBy] = kLocalProvisioner;
  volume.mutable_metadata()->add_finalizers(kFinalizer);
  auto& spec = *volume.mutable_spec();
  (*spec.mutable_capacity())[core::kStorage] = claim.spec().resources().requests().at(core::kStorage);
  *spec.mutable_accessmodes() = claim.spec().accessmodes();
  spec.set_persistentvolumereclaimpolicy(storage_class.reclaimpolicy());
  spec.set_storageclassname(storage_class.metadata().name());
  spec.set_volumemode("Filesystem");
  spec.mutable_persistentvolumesource()->mutable_local()->set_path(path_of(volume.metadata().name()));
  auto& expression = *spec.mutable_nodeaffinity()->mutable_required()->add_nodeselectorterms()->add_matchexpressions();
  expression.set_key(kHostname);
  expression.set_operator_("In");
  expression.add_values(node_);
  core::keep_for(claim, volume);
  volume.mutable_metadata()->mutable_annotations()->erase(core::kBoundByController);
  return volume;
}

Task<LocalProvisioner::Again> LocalProvisioner::sync_claim(std::string key) {
  const size_t slash = key.find('/');
  const auto claim = as<Claim>(claims_.get(key.substr(0, slash), key.substr(slash + 1)));
  if (claim == nullptr) co_return std::nullopt;
  const auto storage_class = as<storagev1::StorageClass>(classes_.get("", core::class_of(*claim)));
  if (storage_class == nullptr || !is_wanted(*claim, *storage_class)) co_return std::nullopt;
  if (volumes_.get("", "pvc-" + claim->metadata().uid())) co_return std::nullopt;
  recorder_.normal(*claim, "Provisioning", "External provisioner is provisioning volume for claim \"" + key + "\"");
  const auto failed = [&](const std::string& why) {
    recorder_.warning(*claim, "ProvisioningFailed",
                      "failed to provision volume with StorageClass \"" + storage_class->metadata().name() + "\": " + why);
  };
  if (const std::string why = refusal(*claim, *storage_class); !why.empty()) {
    failed(why);  // and stays so: nothing of it can be changed
    co_return std::nullopt;
  }
  Volume volume = volume_for(*claim, *storage_class);
  const std::string name = volume.metadata().name();
  if (auto made = co_await provision(std::move(volume)); !made) {
    failed(made.error().message);
    co_return std::unexpected(std::move(made).error());
  }
  recorder_.normal(*claim, "ProvisioningSucceeded", "Successfully provisioned volume " + name);
  co_return std::nullopt;
}

// The directory first: a volume that is there can be used.
Task<Result<void>> LocalProvisioner::provision(Volume volume) {
  CO_TRY_VOID(co_await on_pool(loop_, [dir = dir_, path = path_of(volume.metadata().name())] { return make_directory(dir, path); }));
  auto created = co_await create(client_, std::move(volume));
  if (!created && created.error().reason != Reason::kAlreadyExists) co_return std::unexpected(std::move(created).error());
  co_return Result<void>();
}

Task<Result<void>> LocalProvisioner::remove_data(std::string volume) {
  co_return co_await on_pool(loop_, [dir = dir_, volume] { return remove_directory(dir, volume); });
}

// Released volumes of the policy Delete go with their data, then those that are being deleted are let go. What is retained keeps its
// data, also when somebody deletes the object.
Task<LocalProvisioner::Again> LocalProvisioner::sync_volume(std::string name) {
  const auto volume = as<Volume>(volumes_.get("", name));
  if (volume == nullptr || !is_ours(*volume)) co_return std::nullopt;
  const bool unused = volume->status().phase() == "Released" || volume->status().phase() == "Failed";
  const bool goes = volume->spec().persistentvolumereclaimpolicy() == "Delete" && unused;
  if (goes) {
    if (auto removed = co_await remove_data(name); !removed) {
      recorder_.warning(*volume, "VolumeFailedDelete", removed.error().message);
      co_return std::unexpected(std::move(removed).error());
    }
    if (!is_deleting(*volume)) {
      auto removed = co_await client_.remove(kind_of<Volume>(), "", name, {.uid = volume->metadata().uid()});
      if (!removed && removed.error().reason != Reason::kNotFound && removed.error().reason != Reason::kConflict)
        co_return std::unexpected(std::move(removed).error());
      co_return std::nullopt;
    }
  }
  const bool let_go = is_deleting(*volume) && has_finalizer(*volume, kFinalizer) && volume->status().phase() != "Bound";
  if (!let_go) co_return std::nullopt;
  Volume next = *volume;
  remove_finalizer(next, kFinalizer);
  auto updated = co_await update(client_, std::move(next));
  if (!updated && updated.error().reason != Reason::kNotFound) co_return std::unexpected(std::move(updated).error());
  co_return std::nullopt;
}

}  // namespace stint
