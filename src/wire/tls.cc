#include "wire/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>

#include "wire/http.h"
#include "wire/openssl_ptr.h"

namespace stint::http {

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void TlsSession::Free::operator()(SSL* session) const { SSL_free(session); }

namespace {

using openssl::Bio;
using openssl::Certificate;
using openssl::Key;

std::unexpected<Error> tls_error(std::string_view what) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(Reason::kInternalError, "TLS: " + std::string(what) + ": " + text);
}

std::vector<Certificate> read_certificates(std::string_view pem) {
  std::vector<Certificate> all;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(certificate);
  ERR_clear_error();  // the end of the text counts as an error
  return all;
}

Result<void> use_certificate(SSL_CTX* context, std::string_view certificate_pem, std::string_view key_pem) {
  const std::vector<Certificate> chain = read_certificates(certificate_pem);
  if (chain.empty() || SSL_CTX_use_certificate(context, chain[0].get()) != 1) return tls_error("the certificate");
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return tls_error("the certificate chain");
  }
  const Bio bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return tls_error("the key");
  return {};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size, void*) {
  static constexpr unsigned char kOffered[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOffered, sizeof kOffered, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::string hex(const unsigned char* bytes, size_t size) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) text += {kHex[bytes[i] >> 4], kHex[bytes[i] & 15]};
  return text;
}

void set_up(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection holds no buffers; what is written may have moved when it is written again.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

// Certificates of the other side are looked at. As a server one is asked for and not required.
Result<void> believe(SSL_CTX* context, std::string_view authority_pem) {
  for (const Certificate& authority : read_certificates(authority_pem)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1) return tls_error("the authority");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  return {};
}

}  // namespace

Result<TlsContext> TlsContext::make_client(const ClientTlsOptions& options) {
  TlsContext made;
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  if (context == nullptr) return tls_error("a context");
  set_up(context);
  if (!options.believes_anyone) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);  // also when no authority could be read
    TRY_VOID(believe(context, options.authority_pem));
  }
  if (!options.certificate_pem.empty()) TRY_VOID(use_certificate(context, options.certificate_pem, options.key_pem));
  static constexpr unsigned char kOffered[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  if (SSL_CTX_set_alpn_protos(context, kOffered, sizeof kOffered) != 0) return tls_error("the protocols");
  return made;
}

Result<TlsContext> TlsContext::make(const TlsOptions& options) {
  TlsContext made;
  made.context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.context_.get();
  if (context == nullptr) return tls_error("a context");
  set_up(context);
  TRY_VOID(use_certificate(context, options.certificate_pem, options.key_pem));
  TRY_VOID(believe(context, options.client_ca_pem));
  static constexpr unsigned char kSessions[] = "stint";
  SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions - 1);
  // Sessions are resumed by tickets; the server keeps nothing of them.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return made;
}

// Lets OpenSSL read from and write to a session's strings.
struct SessionBio {
  static int write(BIO* bio, const char* bytes, int size) {
    session(bio).output_.append(bytes, static_cast<size_t>(size));
    return size;
  }
  static int read(BIO* bio, char* buffer, int buffer_bytes) {
    TlsSession& self = session(bio);
    const size_t size = std::min(self.input_.size() - self.input_at_, static_cast<size_t>(buffer_bytes));
    BIO_clear_retry_flags(bio);
    if (size == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(buffer, self.input_.data() + self.input_at_, size);
    self.input_at_ += size;
    if (self.input_at_ == self.input_.size()) {
      self.input_.clear();
      self.input_at_ = 0;
    }
    return static_cast<int>(size);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stint session");
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_ctrl(fresh, control);
      BIO_meth_set_create(fresh, create);
      return fresh;
    }();
    return made;
  }
};

TlsSession::TlsSession(const TlsContext& context, std::string& output, Role role) : output_(output), session_(SSL_new(context.get())) {
  BIO* bio = BIO_new(SessionBio::method());
  BIO_set_data(bio, this);
  SSL_set_bio(session_.get(), bio, bio);
  if (role == Role::kServer) {
    SSL_set_accept_state(session_.get());
  } else {
    SSL_set_connect_state(session_.get());
  }
}

TlsSession::Status TlsSession::status_of(int result) const {
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return Status::kWantsInput;
  return error == SSL_ERROR_ZERO_RETURN ? Status::kClosed : Status::kBroken;
}

TlsSession::Status TlsSession::handshake() {
  const int result = SSL_do_handshake(session_.get());
  return result == 1 ? Status::kDone : status_of(result);
}

TlsSession::Status TlsSession::read(char* buffer, size_t buffer_bytes, size_t& size) {
  const int result = SSL_read_ex(session_.get(), buffer, buffer_bytes, &size);
  return result == 1 ? Status::kDone : status_of(result);
}

bool TlsSession::write(std::string_view plain) {
  size_t written = 0;
  const int result = SSL_write_ex(session_.get(), plain.data(), plain.size(), &written);
  if (result != 1) ERR_clear_error();
  return result == 1 && written == plain.size();
}

void TlsSession::say_goodbye() {
  SSL_shutdown(session_.get());
  ERR_clear_error();
}

bool TlsSession::chose_http2() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

Peer TlsSession::peer() const {
  Peer peer;
  const Certificate certificate(SSL_get1_peer_certificate(session_.get()));
  if (!certificate || SSL_get_verify_result(session_.get()) != X509_V_OK) return peer;
  X509_NAME* name = X509_get_subject_name(certificate.get());
  auto each = [name](int nid, auto&& take) {
    for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
      unsigned char* text = nullptr;
      const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
      if (length < 0) continue;
      take(std::string(reinterpret_cast<char*>(text), static_cast<size_t>(length)));
      OPENSSL_free(text);
    }
  };
  each(NID_commonName, [&](std::string value) { peer.common_name = std::move(value); });
  each(NID_organizationName, [&](std::string value) { peer.organizations.push_back(std::move(value)); });
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest, &size) == 1) peer.certificate_sha256 = hex(digest, size);
  return peer;
}

std::string TlsSession::distrust() const {
  const long result = SSL_get_verify_result(session_.get());
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace stint::http
