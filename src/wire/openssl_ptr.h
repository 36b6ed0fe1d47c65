// OpenSSL's objects with one owner. For .cc files: headers of ours do not show OpenSSL's types. Any thread.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace stint::openssl {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
// "Ptr<BIGNUM, BN_free>"
template <class T, auto Free>
using Ptr = std::unique_ptr<T, Deleter<Free>>;

using Key = Ptr<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Ptr<X509, X509_free>;
using Bio = Ptr<BIO, BIO_free_all>;

}  // namespace stint::openssl
