#include <regex>

#include "image/image_store.h"

namespace stint {
namespace {

constexpr size_t kNameBytesMax = 255;  // of a registry, and of a repository
constexpr size_t kTextBytesMax = 712;  // with both of those, a tag of 128 and a digest

Error bad_name(std::string_view text, std::string_view why) {
  return Error{.reason = Reason::kInvalid, .message = "couldn't parse image name \"" + std::string(text) + "\": " + std::string(why)};
}

// The part before the first slash names a registry when it could not be a user's name on Docker Hub.
bool names_registry(std::string_view part) {
  return part == "localhost" || part.find('.') != std::string_view::npos || part.find(':') != std::string_view::npos;
}

}  // namespace

std::string ImageReference::to_string() const {
  std::string text = registry + "/" + repository;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

Result<ImageReference> ImageReference::parse(std::string_view text) {
  static const std::regex kRepository("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
  static const std::regex kTag("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  static const std::regex kDigest("sha256:[a-f0-9]{64}");
  static const std::regex kRegistry("(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]+)?");
  if (text.empty() || text.size() > kTextBytesMax) return fail(bad_name(text.substr(0, 64), "invalid reference format"));
  ImageReference reference;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!std::regex_match(reference.digest, kDigest)) return fail(bad_name(text, "invalid digest"));
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos && names_registry(rest.substr(0, slash))) {
    reference.registry = rest.substr(0, slash);
    rest = rest.substr(slash + 1);
  } else {
    reference.registry = "docker.io";
  }
  if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!std::regex_match(reference.tag, kTag)) return fail(bad_name(text, "invalid tag"));
  }
  reference.repository = rest;
  if (reference.registry == "index.docker.io") reference.registry = "docker.io";
  if (reference.registry == "docker.io" && rest.find('/') == std::string_view::npos)
    reference.repository = "library/" + reference.repository;
  if (reference.registry.size() > kNameBytesMax || !std::regex_match(reference.registry, kRegistry))
    return fail(bad_name(text, "invalid registry name"));
  if (reference.repository.size() > kNameBytesMax || !std::regex_match(reference.repository, kRepository)) {
    const bool upper = std::regex_search(reference.repository, std::regex("[A-Z]"));
    return fail(bad_name(text, upper ? "repository name must be lowercase" : "invalid reference format"));
  }
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  return reference;
}

}  // namespace stint
