#include "node/image_puller.h"

#include <algorithm>

#include "api/go_duration.h"
#include "image/docker_config.h"

namespace stint {
namespace {

constexpr Duration kWaitBase = std::chrono::seconds(10);
constexpr Duration kWaitMax = std::chrono::seconds(300);

}  // namespace

std::string image_id_for_status(const ImageInfo& image) {
  for (const auto& reference : image.references)
    if (reference.find('@') != std::string::npos) return reference;
  return image.id;
}

ImageAnswer ImagePuller::ask(const corev1::Pod& pod, const Wanted& wanted, int attempt, const std::string& field_path) {
  const std::string& name = wanted.image;
  auto reference = ImageReference::parse(name);
  if (!reference) {
    const std::string message = "Failed to apply default image tag \"" + name + "\": " + reference.error().message;
    recorder_.warning(pod, "InspectFailed", message, field_path);
    return {.reason = "InvalidImageName", .message = message};
  }
  Request& request = requests_[wanted.key];
  if (request.pulling) return {.kind = ImageAnswer::Kind::kPulling};
  if (request.answered_attempt == attempt) return {.kind = ImageAnswer::Kind::kReady, .image = request.image};

  const Wish wish{.pod = std::make_shared<corev1::Pod>(pod),
                  .key = wanted.key,
                  .image = name,
                  .policy = wanted.policy,
                  .field_path = field_path,
                  .reference = *std::move(reference),
                  .attempt = attempt};
  if (wish.policy != "Always") {
    if (auto found = store_.find(wish.reference)) {
      if (found->is_accessible(wish.reference, {})) return take(request, wish, *std::move(found));
      if (loop_.steady_now() >= request.denied_until) {
        request.pulling = true;
        pulls_.spawn(check_access(wish, *std::move(found)));
        return {.kind = ImageAnswer::Kind::kPulling};
      }
    }
  }
  if (wish.policy == "Never") return refuse_never(wish);
  if (request.again_at && loop_.steady_now() < *request.again_at) return back_off(request, pod, name, field_path);

  request.pulling = true;
  request.announced_wait = false;
  recorder_.normal(pod, "Pulling", "Pulling image \"" + name + "\"", field_path);
  pulls_.spawn(pull(wish));
  return {.kind = ImageAnswer::Kind::kPulling};
}

// The first answer after a failed pull tells the failure, later ones the wait.
ImageAnswer ImagePuller::back_off(Request& request, const corev1::Pod& pod, const std::string& image, const std::string& field_path) {
  if (!request.announced_wait) {
    request.announced_wait = true;
    // The state changes to ImagePullBackOff a moment later, so that watchers see both.
    constexpr Duration kErrorShown = std::chrono::seconds(1);
    return {.reason = "ErrImagePull",
            .message = request.error,
            .again_at = std::min<Duration>(*request.again_at, loop_.steady_now() + kErrorShown)};
  }
  const std::string message = "Back-off pulling image \"" + image + "\"";
  recorder_.normal(pod, "BackOff", message, field_path);
  return {.reason = "ImagePullBackOff", .message = message + ": ErrImagePull: " + request.error, .again_at = request.again_at};
}

void ImagePuller::add_images(std::set<std::string>& ids) const {
  for (const auto& [name, request] : requests_)
    if (request.image) ids.insert(request.image->id);
}

ImageAnswer ImagePuller::take(Request& request, const Wish& wish, ImageInfo image) {
  request.answered_attempt = wish.attempt;
  request.image = std::move(image);
  recorder_.normal(*wish.pod, "Pulled", "Container image \"" + wish.image + "\" already present on machine and can be accessed by the pod",
                   wish.field_path);
  return {.kind = ImageAnswer::Kind::kReady, .image = request.image};
}

// Says the same of an image that is here for others only, so that nobody learns of it.
ImageAnswer ImagePuller::refuse_never(const Wish& wish) {
  const std::string message = "Container image \"" + wish.image + "\" is not present with pull policy of Never";
  recorder_.warning(*wish.pod, "ErrImageNeverPull", message, wish.field_path);
  return {.reason = "ErrImageNeverPull", .message = message, .again_at = loop_.steady_now() + kWaitBase};
}

// The image is here, pulled for others by their Secrets.
Task<void> ImagePuller::check_access(Wish wish, ImageInfo image) {
  const auto own = co_await credentials(wish);
  Request& request = requests_[wish.key];
  request.pulling = false;
  if (own && image.is_accessible(wish.reference, own->found))
    take(request, wish, std::move(image));
  else
    request.denied_until = loop_.steady_now() + kWaitBase;
  changed_();
}

Task<Result<ImagePuller::Credentials>> ImagePuller::credentials(Wish wish) {
  DockerKeyring keyring;
  Credentials credentials;
  const std::string ns = wish.pod->metadata().namespace_();
  for (const auto& reference : wish.pod->spec().imagepullsecrets()) {
    const auto secret = co_await get<corev1::Secret>(client_, ns, reference.name());
    if (!secret) {
      credentials.missing.push_back(reference.name());
      continue;
    }
    const auto& data = (*secret)->data();
    Result<std::vector<DockerConfigEntry>> entries;
    if (const auto config = data.find(".dockerconfigjson"); (*secret)->type() == "kubernetes.io/dockerconfigjson" && config != data.end())
      entries = read_docker_config(config->second);
    else if (const auto old = data.find(".dockercfg"); (*secret)->type() == "kubernetes.io/dockercfg" && old != data.end())
      entries = read_docker_cfg(old->second);
    if (!entries) co_return fail(entries.error().reason, "image pull secret \"" + reference.name() + "\": " + entries.error().message);
    keyring.add(*std::move(entries), SecretIdentity{.ns = ns, .name = reference.name(), .uid = (*secret)->metadata().uid()});
  }
  credentials.found = keyring.lookup(wish.reference.registry, wish.reference.repository);
  co_return credentials;
}

Task<void> ImagePuller::pull(Wish wish) {
  const Duration begun = loop_.steady_now();
  auto own = co_await credentials(wish);
  if (!own) {
    pulled(wish, fail(std::move(own).error()), begun);
    co_return;
  }
  auto image = co_await store_.pull(wish.reference, {.credentials = std::move(own->found), .progress = nullptr});
  if (!image && !own->missing.empty()) {
    std::string names;
    for (const std::string& name : own->missing) names += (names.empty() ? "" : ", ") + name;
    recorder_.warning(*wish.pod, "FailedToRetrieveImagePullSecret",
                      "Unable to retrieve some image pull secrets (" + names + "); attempting to pull the image may not succeed.");
  }
  pulled(wish, std::move(image), begun);
}

void ImagePuller::pulled(const Wish& wish, Result<ImageInfo> image, Duration begun) {
  Request& request = requests_[wish.key];
  request.pulling = false;
  const Duration now = loop_.steady_now();
  if (image) {
    const std::string took = go_duration_text(std::chrono::floor<std::chrono::milliseconds>(now - begun));
    recorder_.normal(*wish.pod, "Pulled",
                     "Successfully pulled image \"" + wish.image + "\" in " + took + " (" + took +
                         " including waiting). Image size: " + std::to_string(image->size_bytes) + " bytes.",
                     wish.field_path);
    request.answered_attempt = wish.attempt;
    request.image = *std::move(image);
    request.again_at.reset();
  } else {
    request.error = image.error().message;
    recorder_.warning(*wish.pod, "Failed", "Failed to pull image \"" + wish.image + "\": " + request.error, wish.field_path);
    const bool forgotten = request.again_at && now - *request.again_at > 2 * kWaitMax;
    request.wait = request.wait == Duration{0} || forgotten ? kWaitBase : std::min(2 * request.wait, kWaitMax);
    request.again_at = now + request.wait;
  }
  changed_();
}

}  // namespace stint
