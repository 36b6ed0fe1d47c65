// Makes volumes for claims as directories of this node, and removes them with what is in them when their claims are gone. It keeps to what
// upstream's binder and scheduler agree on with provisioners: the claim names ours in an annotation, and its node in another; the
// volume says who made it. Source: upstream's sig-storage-lib-external-provisioner. Loop thread only.
#pragma once

#include <string>

#include "client/client.h"
#include "client/informer.h"
#include "client/recorder.h"
#include "client/work_queue.h"

namespace stint {

inline constexpr char kLocalProvisioner[] = "stint.internal/local-path";
inline constexpr char kLocalClass[] = "local-path";  // the StorageClass that a node makes, the default one

class LocalProvisioner {
 public:
  // Volumes are `dir`/pvc-<uid of the claim>.
  LocalProvisioner(Loop& loop, Client& client, std::string node, std::string dir);

  void start();
  // Whether the volume is a directory that we made on this node.
  bool is_ours(const corev1::PersistentVolume& volume) const;

 private:
  using Again = Result<std::optional<Duration>>;
  Task<void> run();
  Task<Result<void>> make_class();
  Task<Again> sync_claim(std::string key);
  Task<Again> sync_volume(std::string name);
  bool is_wanted(const corev1::PersistentVolumeClaim& claim, const storagev1::StorageClass& storage_class) const;
  corev1::PersistentVolume volume_for(const corev1::PersistentVolumeClaim& claim, const storagev1::StorageClass& storage_class) const;
  std::string path_of(const std::string& volume) const { return dir_ + "/" + volume; }
  Task<Result<void>> provision(corev1::PersistentVolume volume);
  Task<Result<void>> remove_data(std::string volume);

  Loop& loop_;
  Client& client_;
  std::string node_, dir_;
  Recorder recorder_;
  Informer claims_, volumes_, classes_;
  WorkQueue claim_queue_, volume_queue_;
  Scope scope_;  // last: destroyed first
};

}  // namespace stint
