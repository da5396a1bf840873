// Sockets of the loopback server, on POSIX calls and OpenSSL.
#include "objectstore/s3/loopback_socket_testing.h"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <string>

#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
std::unique_ptr<BIO, FreeBio> bio_of(const std::string& text) {
  return std::unique_ptr<BIO, FreeBio>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

TlsContext make_tls_context(const LoopbackIdentity& identity) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  X509* certificate = PEM_read_bio_X509(bio_of(identity.certificate_pem).get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio_of(identity.key_pem).get(), nullptr, nullptr, nullptr);
  const bool right = context && certificate && key && SSL_CTX_use_certificate(context.get(), certificate) == 1 &&
                     SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!right) throw std::runtime_error("the loopback server's identity is not a certificate with its key");
  return context;
}

LoopbackSocket::LoopbackSocket(int descriptor, SSL_CTX* tls) : descriptor_(descriptor) {
  if (!tls) return;
  tls_.reset(SSL_new(tls));
  if (!tls_ || SSL_set_fd(tls_.get(), descriptor) != 1) throw std::runtime_error("no TLS connection");
}

LoopbackSocket::~LoopbackSocket() { close(); }

bool LoopbackSocket::handshake() {
  ERR_clear_error();
  broken_ = tls_ && SSL_accept(tls_.get()) != 1;
  return !broken_;
}

std::size_t LoopbackSocket::read(std::span<char> out) {
  if (tls_) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(tls_.get(), out.data(), out.size(), &count);
    if (result != 1 && SSL_get_error(tls_.get(), result) != SSL_ERROR_ZERO_RETURN) broken_ = true;
    return result == 1 ? count : 0;
  }
  while (true) {
    const ssize_t count = ::recv(descriptor_, out.data(), out.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return 0;
  }
}

bool LoopbackSocket::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t written = 0;
    if (tls_) {
      ERR_clear_error();
      if (SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written) != 1) {
        broken_ = true;
        return false;
      }
    } else {
      const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      written = static_cast<std::size_t>(count);
    }
    bytes.remove_prefix(written);
  }
  return true;
}

bool LoopbackSocket::wait(std::chrono::milliseconds time) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  if (time <= milliseconds(0)) return true;
  const auto end = steady_clock::now() + time;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
    if (left <= 0) return true;
    pollfd watched{.fd = descriptor_, .events = POLLRDHUP, .revents = 0};
    if (::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX))) > 0) return false;
  }
}

void LoopbackSocket::finish() {
  // Says "close notify": otherwise the peer sees a truncation attack instead of an end.
  if (tls_ && !broken_) SSL_shutdown(tls_.get());
  close();
}

void LoopbackSocket::reset() {
  // A reset drops what is still in the send queue; what was acknowledged the peer can read.
  int unacknowledged = 0;
  while (::ioctl(descriptor_, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0) {
    if (!wait(std::chrono::milliseconds(1))) break;
  }
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void LoopbackSocket::interrupt() {
  MutexLock lock(mutex_);
  if (open_) ::shutdown(descriptor_, SHUT_RDWR);
}

void LoopbackSocket::close() {
  MutexLock lock(mutex_);
  if (!open_) return;
  open_ = false;
  ::close(descriptor_);
}

}  // namespace seekfs::objectstore::s3
