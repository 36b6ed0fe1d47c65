// The tokens in a pod's volumes: asked for when first needed, and anew when four fifths of their life are over. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/loop.h"
#include "client/client.h"

namespace stint {

class PodTokens {
 public:
  PodTokens(Loop& loop, Client& client) : loop_(loop), client_(client) {}

  // The token for that projection, bound to the pod.
  Task<Result<std::string>> get(std::shared_ptr<const corev1::Pod> pod, corev1::ServiceAccountTokenProjection projection);
  // When the first of them is due; nothing without tokens.
  std::optional<WallTime> renew_at() const;

 private:
  struct Token {
    std::string text;
    WallTime renew_at;
  };
  Loop& loop_;
  Client& client_;
  std::map<std::string, Token> tokens_;  // by the projection's bytes
};

}  // namespace stint
