#include "app/node_config.h"

#include <filesystem>
#include <ostream>

#include "app/credentials.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr size_t kFileBytesMax = 64 * 1024;

// Paths are relative to the file, as a kubelet takes them. Who may do what with its pods it asks the server.
constexpr std::string_view kKubeletConfig =
    "apiVersion: kubelet.config.k8s.io/v1beta1\n"
    "kind: KubeletConfiguration\n"
    "authentication:\n"
    "  anonymous: {enabled: false}\n"
    "  webhook: {enabled: true}\n"
    "  x509: {clientCAFile: ca.crt}\n"
    "authorization: {mode: Webhook}\n"
    "tlsCertFile: kubelet.crt\n"
    "tlsPrivateKeyFile: kubelet.key\n";

Result<pki::KeyPair> read_authority(const std::string& data_dir) {
  pki::KeyPair authority;
  const std::string stem = data_dir + "/pki/ca";
  auto key = os::read_file(stem + ".key", kFileBytesMax);
  if (!key) {
    return fail(key.error().reason,
                key.error().message + ": name the data directory of a server that has run, as whoever may read its keys");
  }
  authority.key_pem = *std::move(key);
  TRY(authority.certificate_pem, os::read_file(stem + ".crt", kFileBytesMax));
  return authority;
}

Result<void> write_files(const cli::NodeConfigCommand& command, const std::string& dir) {
  TRY(const pki::KeyPair authority, read_authority(command.data_dir));
  const WallTime now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  const pki::Subject subject{.common_name = "system:node:" + command.node, .organizations = {"system:nodes"}};
  TRY(const pki::KeyPair client, pki::issue_client(authority, subject, now));
  TRY(const pki::KeyPair serving, pki::issue_server(authority, subject, {command.node}, now));
  TRY_VOID(os::make_directories(dir, 0700));
  TRY_VOID(write_kubeconfig(dir + "/kubeconfig", command.server, authority.certificate_pem, subject.common_name, client));
  const auto write = [&dir](const char* name, std::string_view text) {
    return os::write_file_atomically(dir + "/" + name, text, os::Durability::kVisible);
  };
  TRY_VOID(write("ca.crt", authority.certificate_pem));
  TRY_VOID(write("kubelet.crt", serving.certificate_pem));
  TRY_VOID(write("kubelet.key", serving.key_pem));
  return write("config.yaml", kKubeletConfig);
}

}  // namespace

int run_node_config(const cli::NodeConfigCommand& command, std::ostream& out, std::ostream& err) {
  const std::string dir = command.output_dir.empty() ? command.node : command.output_dir;
  if (auto written = write_files(command, dir); !written) {
    err << "stint: " << written.error().message << std::endl;
    return 2;
  }
  out << "on the node: kubelet --config " << dir << "/config.yaml --kubeconfig " << dir << "/kubeconfig --hostname-override "
      << command.node << std::endl;
  return 0;
}

}  // namespace stint
