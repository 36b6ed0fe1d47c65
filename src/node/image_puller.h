// Images for containers: the pull policy, who may use what is here, the pod's pull secrets, one pull a container at a time, back-off after
// failures and the events that tell of it. The caller asks again until the image is there; nothing here waits. Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "api/types.h"
#include "client/client.h"
#include "client/recorder.h"
#include "image/image_store.h"

namespace stint {

struct ImageAnswer {
  enum class Kind { kReady, kPulling, kFailed } kind = Kind::kFailed;
  std::optional<ImageInfo> image;    // kReady
  std::string reason, message;       // kFailed: what the container's waiting state says
  std::optional<Duration> again_at;  // kFailed: when to ask again, by the steady clock; nothing: it will not change by itself
};

// Of one pod; destroying it cancels its pulls.
class ImagePuller {
 public:
  // `changed` is called when a pull has ended.
  ImagePuller(Loop& loop, Client& client, ImageStore& store, Recorder& recorder, std::function<void()> changed)
      : loop_(loop), client_(client), store_(store), recorder_(recorder), changed_(std::move(changed)), pulls_(loop) {}

  // What is wanted: a container's image, or one whose content it mounts.
  struct Wanted {
    std::string key;  // what tells it apart in the pod
    std::string image, policy;
  };
  // `attempt` tells starts apart: policy Always asks the registry once for each. Events go to `field_path` of the pod.
  ImageAnswer ask(const corev1::Pod& pod, const Wanted& wanted, int attempt, const std::string& field_path);
  void cancel() { pulls_.cancel(); }
  // Adds the ids of the images that were answered.
  void add_images(std::set<std::string>& ids) const;

 private:
  struct Request {
    bool pulling = false;       // or its access being checked
    Duration denied_until{0};   // by a check of what is here
    int answered_attempt = -1;  // the start for which there is an image
    std::optional<ImageInfo> image;
    std::string error;  // of the last pull
    Duration wait{0};   // back-off
    std::optional<Duration> again_at;
    bool announced_wait = false;
  };
  // What is asked for, kept while it is looked after.
  struct Wish {
    std::shared_ptr<const corev1::Pod> pod;
    std::string key, image, policy, field_path;
    ImageReference reference;
    int attempt = 0;
  };
  struct Credentials {
    std::vector<RegistryCredentials> found;
    std::vector<std::string> missing;  // Secrets that are not there
  };
  ImageAnswer back_off(Request& request, const corev1::Pod& pod, const std::string& image, const std::string& field_path);
  ImageAnswer take(Request& request, const Wish& wish, ImageInfo image);
  ImageAnswer refuse_never(const Wish& wish);
  Task<void> check_access(Wish wish, ImageInfo image);
  Task<void> pull(Wish wish);
  Task<Result<Credentials>> credentials(Wish wish);
  void pulled(const Wish& wish, Result<ImageInfo> image, Duration begun);

  Loop& loop_;
  Client& client_;
  ImageStore& store_;
  Recorder& recorder_;
  std::function<void()> changed_;
  std::map<std::string, Request> requests_;  // by key: bounded by the pod
  Scope pulls_;
};

// The digest form of an image for status.imageID, its id when no registry named it.
std::string image_id_for_status(const ImageInfo& image);

}  // namespace stint
