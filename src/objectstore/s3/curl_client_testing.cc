// Recording parts for tests of the HTTP client, and a server that knows no HTTP.
#include "objectstore/s3/curl_client_testing.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace seekfs::objectstore::s3 {

ClientRig::ClientRig(CurlClientOptions options, bool manual_time) {
  env::Clock* clock = nullptr;
  if (manual_time) {
    manual_clock_ = std::make_unique<env::ManualClock>();
    clock = manual_clock_.get();
  } else {
    system_clock_ = env::make_system_clock();
    clock = system_clock_.get();
  }
  timers_ = std::make_unique<async::Timers>(*clock);
  client_ = make_curl_client(std::move(options), *timers_);
}

Result<HttpReply> ClientRig::exchange(HttpRequest request) {
  return async::sync_wait(s3::exchange(*client_, std::move(request)));
}

Result<HttpReply> ClientRig::run(HttpRequest request, HttpReceiver& receiver) {
  const std::unique_ptr<HttpTransfer> transfer = client_->start(std::move(request), receiver);
  return wait_for(*transfer);
}

std::span<std::byte> RecordingSink::prepare() {
  room_.resize(std::min(piece_, limit_ - bytes_.size()));
  return room_;
}

void RecordingSink::commit(std::size_t count) {
  bytes_.append(reinterpret_cast<const char*>(room_.data()), count);
  if (committed_) committed_(bytes_.size());
}

bool PausingSink::wants_pause(const std::weak_ptr<PausedBody>& body) {
  {
    MutexLock lock(mutex_);
    if (bytes_.size() < allowed_) return false;
    body_ = body;
  }
  pauses_.raise();
  return true;
}

std::span<std::byte> PausingSink::prepare() {
  MutexLock lock(mutex_);
  room_.resize(std::min<std::size_t>(100'000, allowed_ - bytes_.size()));
  return room_;
}

void PausingSink::commit(std::size_t count) { bytes_.append(reinterpret_cast<const char*>(room_.data()), count); }

void PausingSink::let(std::size_t size) {
  std::weak_ptr<PausedBody> paused;
  {
    MutexLock lock(mutex_);
    allowed_ = size;
    paused = body_;
  }
  if (const auto body = paused.lock()) body->resume();
}

std::weak_ptr<PausedBody> PausingSink::body() const {
  MutexLock lock(mutex_);
  return body_;
}

FixedBytesServer::FixedBytesServer(std::vector<std::string> replies)
    : replies_(std::move(replies)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  listen(listener_, 16);
  thread_ = std::thread([this] { serve(); });
}

FixedBytesServer::~FixedBytesServer() {
  shutdown(listener_, SHUT_RDWR);  // ends accept()
  thread_.join();
  close(listener_);
}

std::string FixedBytesServer::url() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  return fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
}

void FixedBytesServer::serve() {
  for (std::size_t turn = 0;; ++turn) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    std::string received;
    std::array<char, 4096> piece;
    ssize_t count = 0;
    while (!received.contains("\r\n\r\n") && (count = recv(connection, piece.data(), piece.size(), 0)) > 0) {
      received.append(piece.data(), static_cast<std::size_t>(count));
    }
    const std::string& reply = replies_[std::min(turn, replies_.size() - 1)];
    send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
    shutdown(connection, SHUT_WR);
    // Until the client has gone: closed before that, unread bytes would become a reset.
    while (recv(connection, piece.data(), piece.size(), 0) > 0) continue;
    close(connection);
  }
}

std::string test_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace seekfs::objectstore::s3
