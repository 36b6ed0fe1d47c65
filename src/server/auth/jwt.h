// JSON Web Tokens as this server signs and checks them: ES256 only, with one key. Pure but for chance; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/json.h"
#include "base/result.h"

namespace stint {

class SigningKey {
 public:
  // A PEM text with an EC private key on P-256.
  static Result<SigningKey> from_pem(std::string_view pem);
  // One that nobody keeps.
  static Result<SigningKey> make();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  Result<std::string> sign(const json::Value& claims) const;
  // The claims, once the signature is found good; nothing else about them is checked. kUnauthorized otherwise.
  Result<json::Value> verify(std::string_view token) const;

  // Hash of the public key, by which clients find it in the key set.
  const std::string& id() const;
  // The JSON Web Key Set with the public key.
  json::Value key_set() const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace stint
