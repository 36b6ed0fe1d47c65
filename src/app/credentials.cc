#include "app/credentials.h"

#include <unistd.h>

#include <algorithm>

#include "api/base64.h"
#include "os/file.h"

namespace stint {
namespace {

// A certificate is renewed at a start that finds less than this left of it.
constexpr auto kRenewBefore = std::chrono::days(90);
constexpr size_t kFileBytesMax = 64 * 1024;

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<void> save(const std::string& stem, const pki::KeyPair& pair) {
  TRY_VOID(os::write_file_atomically(stem + ".key", pair.key_pem, os::Durability::kSynced));
  return os::write_file_atomically(stem + ".crt", pair.certificate_pem, os::Durability::kSynced);
}

// The pair in the files, or a new one: when one of the two is missing, when they do not belong together or to the authority (we were killed
// between two writes, or the authority is new), when the certificate is about to expire or `usable` refuses it. `authority` null: the pair
// is one.
template <class Make, class Usable>
Result<pki::KeyPair> load_or_make(const std::string& stem, WallTime now, const pki::KeyPair* authority, Make make, Usable usable) {
  if (exists(stem + ".key") && exists(stem + ".crt")) {
    pki::KeyPair found;
    TRY(found.key_pem, os::read_file(stem + ".key", kFileBytesMax));
    TRY(found.certificate_pem, os::read_file(stem + ".crt", kFileBytesMax));
    TRY(const WallTime expiry, pki::expiry_of(found.certificate_pem));
    TRY(const bool belongs, pki::belongs_to(found, authority != nullptr ? *authority : found));
    if (belongs && expiry - now >= kRenewBefore && usable(found)) return found;
  }
  TRY(pki::KeyPair pair, make());
  TRY_VOID(save(stem, pair));
  return pair;
}

Result<std::string> load_or_make_token(const std::string& path, Rng& rng) {
  if (exists(path)) {
    TRY(std::string token, os::read_file(path, kFileBytesMax));
    while (!token.empty() && token.back() == '\n') token.pop_back();
    if (!token.empty()) return token;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string token;
  for (int word = 0; word < 4; ++word) {
    uint64_t bits = rng.next();
    for (int digit = 0; digit < 16; ++digit, bits >>= 4) token += kHex[bits & 15];
  }
  TRY_VOID(os::write_file_atomically(path, token + "\n", os::Durability::kSynced));
  return token;
}

// Not renewed: tokens in the hands of clients would end with it.
Result<std::string> load_or_make_account_key(const std::string& path) {
  if (exists(path)) return os::read_file(path, kFileBytesMax);
  TRY(std::string key, pki::make_signing_key());
  TRY_VOID(os::write_file_atomically(path, key, os::Durability::kSynced));
  return key;
}

std::string base64(std::string_view bytes) {
  std::string text;
  append_base64(bytes, text);
  return text;
}

}  // namespace

Result<Credentials> load_credentials(const std::string& data_dir, const std::vector<std::string>& hosts, const Clock& clock, Rng& rng) {
  const std::string dir = data_dir + "/pki";
  const WallTime now = clock.now();
  TRY_VOID(os::make_directories(dir, 0700));
  Credentials credentials;
  const auto any = [](const pki::KeyPair&) { return true; };
  TRY(credentials.authority, load_or_make(dir + "/ca", now, nullptr, [&] { return pki::make_authority("stint", now); }, any));

  const auto good_for_hosts = [&](const pki::KeyPair& pair) {
    const auto known = pki::hosts_of(pair.certificate_pem);
    return known && std::ranges::all_of(hosts, [&](const std::string& host) { return std::ranges::find(*known, host) != known->end(); });
  };
  const auto make_server_pair = [&] {
    std::vector<std::string> names{
        "localhost",           "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
        "host.stint.internal", "127.0.0.1"};
    for (const std::string& host : hosts) {
      if (std::ranges::find(names, host) == names.end()) names.push_back(host);
    }
    return pki::issue_server(credentials.authority, {.common_name = "stint", .organizations = {}}, names, now);
  };
  TRY(credentials.server, load_or_make(dir + "/server", now, &credentials.authority, make_server_pair, good_for_hosts));
  const auto make_admin = [&] {
    return pki::issue_client(credentials.authority, {.common_name = kAdminUser, .organizations = {kAdminGroup}}, now);
  };
  TRY(credentials.admin, load_or_make(dir + "/admin", now, &credentials.authority, make_admin, any));
  const auto make_kubelet_client = [&] {
    return pki::issue_client(credentials.authority, {.common_name = "stint-server", .organizations = {kAdminGroup}}, now);
  };
  TRY(credentials.kubelet, load_or_make(dir + "/kubelet-client", now, &credentials.authority, make_kubelet_client, any));
  TRY(credentials.admin_token, load_or_make_token(dir + "/admin.token", rng));
  TRY(credentials.account_key, load_or_make_account_key(dir + "/sa.key"));
  return credentials;
}

Result<void> write_kubeconfig(const std::string& path, const std::string& server_url, const std::string& authority_pem,
                              const std::string& user, const pki::KeyPair& pair) {
  const std::string text =
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: stint\n"
      "  cluster:\n"
      "    server: " +
      server_url +
      "\n"
      "    certificate-authority-data: " +
      base64(authority_pem) +
      "\n"
      "users:\n"
      "- name: " +
      user +
      "\n"
      "  user:\n"
      "    client-certificate-data: " +
      base64(pair.certificate_pem) +
      "\n"
      "    client-key-data: " +
      base64(pair.key_pem) +
      "\n"
      "contexts:\n"
      "- name: stint\n"
      "  context:\n"
      "    cluster: stint\n"
      "    user: " +
      user +
      "\n"
      "current-context: stint\n";
  return os::write_file_atomically(path, text, os::Durability::kVisible);
}

}  // namespace stint
