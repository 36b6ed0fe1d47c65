#include "node/image_puller.h"

#include <algorithm>

#include "api/go_duration.h"

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

ImageAnswer ImagePuller::ask(const corev1::Pod& pod, const corev1::Container& container, int attempt, const std::string& field_path) {
  const std::string& name = container.image();
  auto reference = ImageReference::parse(name);
  if (!reference) {
    const std::string message = "Failed to apply default image tag \"" + name + "\": " + reference.error().message;
    recorder_.warning(pod, "InspectFailed", message, field_path);
    return {.reason = "InvalidImageName", .message = message};
  }
  Request& request = requests_[container.name()];
  if (request.pulling) return {.kind = ImageAnswer::Kind::kPulling};
  if (request.answered_attempt == attempt) return {.kind = ImageAnswer::Kind::kReady, .image = request.image};

  const std::string& policy = container.imagepullpolicy();
  if (policy != "Always") {
    if (auto found = store_.find(*reference)) {
      request.answered_attempt = attempt;
      request.image = found;
      recorder_.normal(pod, "Pulled", "Container image \"" + name + "\" already present on machine and can be accessed by the pod",
                       field_path);
      return {.kind = ImageAnswer::Kind::kReady, .image = std::move(found)};
    }
  }
  if (policy == "Never") {
    const std::string message = "Container image \"" + name + "\" is not present with pull policy of Never";
    recorder_.warning(pod, "ErrImageNeverPull", message, field_path);
    return {.reason = "ErrImageNeverPull", .message = message, .again_at = loop_.now() + kWaitBase};
  }
  if (request.again_at && loop_.now() < *request.again_at) return back_off(request, pod, container, field_path);

  request.pulling = true;
  request.announced_wait = false;
  recorder_.normal(pod, "Pulling", "Pulling image \"" + name + "\"", field_path);
  pulls_.spawn(pull(std::make_shared<corev1::Pod>(pod), container.name(), *std::move(reference), name, attempt, field_path));
  return {.kind = ImageAnswer::Kind::kPulling};
}

// The first answer after a failed pull tells the failure, later ones the wait.
ImageAnswer ImagePuller::back_off(Request& request, const corev1::Pod& pod, const corev1::Container& container,
                                  const std::string& field_path) {
  if (!request.announced_wait) {
    request.announced_wait = true;
    // The state changes to ImagePullBackOff a moment later, so that watchers see both.
    constexpr Duration kErrorShown = std::chrono::seconds(1);
    return {.reason = "ErrImagePull", .message = request.error, .again_at = std::min(*request.again_at, loop_.now() + kErrorShown)};
  }
  const std::string message = "Back-off pulling image \"" + container.image() + "\"";
  recorder_.normal(pod, "BackOff", message, field_path);
  return {.reason = "ImagePullBackOff", .message = message + ": ErrImagePull: " + request.error, .again_at = request.again_at};
}

Task<void> ImagePuller::pull(std::shared_ptr<const corev1::Pod> pod, std::string key, ImageReference reference, std::string image,
                             int attempt, std::string field_path) {
  const WallTime start = loop_.now();
  auto pulled = co_await store_.pull(std::move(reference), [](PullProgress) {});
  Request& request = requests_[key];
  request.pulling = false;
  const WallTime now = loop_.now();
  if (pulled) {
    const std::string took = go_duration_text(std::chrono::floor<std::chrono::milliseconds>(now - start));
    recorder_.normal(*pod, "Pulled",
                     "Successfully pulled image \"" + image + "\" in " + took + " (" + took +
                         " including waiting). Image size: " + std::to_string(pulled->size_bytes) + " bytes.",
                     field_path);
    request.answered_attempt = attempt;
    request.image = *std::move(pulled);
    request.again_at.reset();
  } else {
    request.error = pulled.error().message;
    recorder_.warning(*pod, "Failed", "Failed to pull image \"" + image + "\": " + request.error, field_path);
    const bool forgotten = request.again_at && now - *request.again_at > 2 * kWaitMax;
    request.wait = request.wait == Duration{0} || forgotten ? kWaitBase : std::min(2 * request.wait, kWaitMax);
    request.again_at = now + request.wait;
  }
  changed_();
}

}  // namespace stint
