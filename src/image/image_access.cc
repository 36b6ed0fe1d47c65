#include <algorithm>

#include "image/image_store.h"

namespace stint {
namespace {

void add_secret(std::vector<ImageAccess::Secret>& secrets, ImageAccess::Secret secret) {
  if (std::ranges::find(secrets, secret) != secrets.end()) return;
  // A Secret whose content changed has one entry, the newest.
  std::erase_if(secrets, [&](const ImageAccess::Secret& other) { return other.identity == secret.identity; });
  if (secrets.size() >= ImageAccess::kSecretsMax) secrets.erase(secrets.begin());
  secrets.push_back(std::move(secret));
}

}  // namespace

void ImageAccess::add(const std::optional<RegistryCredentials>& credentials) {
  if (credentials && credentials->secret)
    add_secret(secrets, {.identity = *credentials->secret, .hash = credentials->hash()});
  else
    everyone = true;
}

void ImageAccess::merge(const ImageAccess& other) {
  everyone |= other.everyone;
  for (const Secret& secret : other.secrets) add_secret(secrets, secret);
}

bool ImageInfo::is_accessible(const ImageReference& reference, const std::vector<RegistryCredentials>& credentials) const {
  if (access.empty()) return true;
  const auto found = access.find(reference.name());
  if (found == access.end()) return false;
  if (found->second.everyone) return true;
  return std::ranges::any_of(credentials, [&](const RegistryCredentials& own) {
    const std::string hash = own.hash();
    return std::ranges::any_of(found->second.secrets, [&](const ImageAccess::Secret& secret) {
      return secret.hash == hash || (own.secret && secret.identity == *own.secret);
    });
  });
}

}  // namespace stint
