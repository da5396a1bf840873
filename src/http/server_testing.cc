// The client's sockets and the server's surroundings.
#include "http/server_testing.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <thread>

#include "async/sync_wait.h"
#include "base/http_date.h"
#include "base/request_id.h"
#include "http/address.h"

namespace seekfs::http {

RawClient::RawClient(const std::string& address) {
  const Address to = parse_address(address).value();
  fd_ = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{120, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  // A receive buffer that starts small and grows makes the kernel drop segments while this thread does not run, on a
  // busy machine, and the retransmissions of a large reply then take up to minutes.
  const int buffer = 4 << 20;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to.storage), to.length) != 0) {
    throw std::runtime_error("cannot connect to " + address);
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

void RawClient::shrink_receive_buffer() {
  const int bytes = 4096;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void RawClient::abort() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
}

std::string RawClient::read_some(std::size_t most) {
  if (!pending_.empty()) {
    std::string part = pending_.substr(0, most);
    pending_.erase(0, part.size());
    return part;
  }
  std::string part(std::min<std::size_t>(most, 65536), '\0');
  const ssize_t count = ::recv(fd_, part.data(), part.size(), 0);
  was_reset_ = count < 0 && errno == ECONNRESET;
  part.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return part;
}

std::string RawClient::read_to_end() {
  std::string all;
  while (true) {
    const std::string part = read_some(65536);
    if (part.empty()) return all;
    all += part;
  }
}

std::string RawClient::read_exactly(std::size_t count) {
  std::string all;
  while (all.size() < count) {
    const std::string part = read_some(count - all.size());
    if (part.empty()) break;
    all += part;
  }
  return all;
}

std::string RawClient::read_header() {
  std::string all;
  while (!all.ends_with("\r\n\r\n")) {
    const std::string part = read_exactly(1);
    if (part.empty()) break;
    all += part;
  }
  return all;
}

void TestLogger::log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const std::string line = format_log_line(LogFormat::logfmt, level, event, fields);
  MutexLock lock(mutex_);
  lines_ += line + "\n";
}

bool TestLogger::contains(std::string_view text) const {
  MutexLock lock(mutex_);
  return lines_.find(text) != std::string::npos;
}

TestServer::TestServer(ServerOptions options) : store(objectstore::make_mem_store(clock)) {
  reader.publish("demo", 3,
                 {{"a.bin", 1000, 300},
                  {"b/c.bin", 2000, 512},
                  {"empty.bin", 0, 300},
                  {"one.bin", 1, 300},
                  {"ü +%.bin", 100, 300}},
                 test_mtime);
  options.listen = options.listen == ServerOptions{}.listen ? std::vector<std::string>{"127.0.0.1:0"} : options.listen;
  const Parts parts{reader, store.get(), metrics, memory, timers, clock, logger, *random, &caches};
  server = std::move(Server::start(parts, std::move(options))).value();
  server->set_ready();
}

TestServer::~TestServer() {
  reader.release();
  server.reset();
}

std::string TestServer::exchange(std::string_view request) {
  RawClient client(address());
  client.send(request);
  client.shutdown_write();
  return replace_generated_ids(client.read_to_end());
}

std::string TestServer::bytes(const std::string& path, std::uint64_t off, std::uint64_t len) const {
  return manifest::oracle_content("demo", path, 3, off + len).substr(off);
}

std::string TestServer::hash(const std::string& path) const {
  const reader::FileRef file =
      async::sync_wait(const_cast<FakeReader&>(reader).open("demo", path, {}, clock.now())).value();
  std::string hex;
  file.manifest().hash_hex(file.index(), hex);
  return hex;
}

std::string TestServer::date() const {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall_now()).time_since_epoch().count();
  const HttpDateText text = format_http_date(now);
  return {text.data(), text.size()};
}

void TestServer::wait_for_no_connections() {
  while (server->connections() > 0) std::this_thread::yield();
}

std::string replace_generated_ids(std::string text) {
  for (const std::string_view before : {"\r\nX-Request-Id: ", "\"request_id\":\""}) {
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
      const std::size_t begin = at + before.size();
      const std::size_t end = text.find_first_not_of("0123456789abcdef", begin);
      if (end != std::string::npos && end - begin == RequestId::length) text.replace(begin, end - begin, "<id>");
    }
  }
  return text;
}

}  // namespace seekfs::http
