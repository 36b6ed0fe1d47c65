// The files of a data directory by which clients trust the server and the server knows its administrator. Made at first
// start, kept after; all 0600. Blocking: call before the loop runs.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/pki.h"

namespace stint {

struct Credentials {
  pki::KeyPair authority;
  pki::KeyPair server;
  pki::KeyPair admin;       // CN stint-admin, O system:masters
  pki::KeyPair kubelet;     // with which the server comes to kubelets: CN stint-server, O system:masters
  std::string admin_token;  // the same user by bearer token
  std::string account_key;  // PEM: signs the tokens of ServiceAccounts
};

inline constexpr char kAdminUser[] = "stint-admin";
inline constexpr char kAdminGroup[] = "system:masters";

// Reads DIR/pki, makes what is missing, about to expire or does not fit together, and a new server certificate when one of `hosts` is not
// in the old one.
Result<Credentials> load_credentials(const std::string& data_dir, const std::vector<std::string>& hosts, const Clock& clock, Rng& rng);

// A kubeconfig with one cluster and context named stint and one user, written whole or not at all, 0600.
Result<void> write_kubeconfig(const std::string& path, const std::string& server_url, const std::string& authority_pem,
                              const std::string& user, const pki::KeyPair& pair);

}  // namespace stint
