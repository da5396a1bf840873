// SHA-256 by OpenSSL's EVP interface; the algorithm is fetched once, since a fetch costs more than a short hash.
#include "base/sha256.h"

#include <openssl/evp.h>

#include <new>

#include "base/hex.h"

namespace seekfs {
namespace {

const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() {
    if (evp == nullptr || EVP_DigestInit_ex2(evp, algorithm(), nullptr) != 1) throw std::bad_alloc();
  }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> data) { EVP_DigestUpdate(context_->evp, data.data(), data.size()); }
void Sha256::update(std::string_view data) { EVP_DigestUpdate(context_->evp, data.data(), data.size()); }

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(digest.bytes.data()), nullptr);
  EVP_DigestInit_ex2(context_->evp, nullptr, nullptr);
  return digest;
}

Sha256Digest sha256(std::span<const std::byte> data) {
  thread_local Sha256 hasher;
  hasher.update(data);
  return hasher.finish();
}

Sha256Digest sha256(std::string_view data) { return sha256(std::as_bytes(std::span(data))); }

std::string Sha256Digest::hex() const { return to_hex(bytes); }

}  // namespace seekfs
