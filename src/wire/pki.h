// The server's own certificate authority, made at first start: keys (ECDSA P-256) and certificates as PEM text. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stint::pki {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;  // a secret
};

struct Subject {
  std::string common_name;
  std::vector<std::string> organizations;
};

// Its common name gets the ending "-ca".
Result<KeyPair> make_authority(std::string_view common_name, WallTime now);
// `hosts`: DNS names and IP addresses of the subjectAltName.
Result<KeyPair> issue_server(const KeyPair& authority, const Subject& subject, const std::vector<std::string>& hosts, WallTime now);
Result<KeyPair> issue_client(const KeyPair& authority, const Subject& subject, WallTime now);
// A private key alone, for signing tokens: PEM text, a secret.
Result<std::string> make_signing_key();
// The names and addresses that a server certificate is good for.
Result<std::vector<std::string>> hosts_of(std::string_view certificate_pem);
Result<WallTime> expiry_of(std::string_view certificate_pem);
// Whether the key is the certificate's own, and the certificate signed by `authority` (by itself, where that is the pair).
Result<bool> belongs_to(const KeyPair& pair, const KeyPair& authority);

}  // namespace stint::pki
