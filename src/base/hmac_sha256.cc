// HMAC-SHA256 by OpenSSL's EVP_MAC interface; a thread keeps its context, since a fetch costs more than a short
// message.
#include "base/hmac_sha256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>
#include <new>
#include <string>

namespace seekfs {
namespace {

struct Freer {
  void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
};

std::unique_ptr<EVP_MAC_CTX, Freer> make_context() {
  // The context holds a reference of its own.
  const std::unique_ptr<EVP_MAC, Freer> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  std::unique_ptr<EVP_MAC_CTX, Freer> context(mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac.get()));
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                   OSSL_PARAM_construct_end()};
  if (context == nullptr || EVP_MAC_CTX_set_params(context.get(), parameters) != 1) throw std::bad_alloc();
  return context;
}

}  // namespace

Sha256Digest hmac_sha256(std::span<const std::byte> key, std::string_view message) {
  thread_local const std::unique_ptr<EVP_MAC_CTX, Freer> context = make_context();
  // A null key would mean "the key of before".
  static constexpr unsigned char no_key = 0;
  const auto* key_bytes = key.empty() ? &no_key : reinterpret_cast<const unsigned char*>(key.data());
  Sha256Digest digest;
  std::size_t written = 0;
  const bool done =
      EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1 &&
      EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1 &&
      EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(digest.bytes.data()), &written,
                    digest.bytes.size()) == 1;
  if (!done) throw std::bad_alloc();
  return digest;
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
  return hmac_sha256(std::as_bytes(std::span(key)), message);
}

}  // namespace seekfs
