// A server on loopback with a fake reader and virtual time, and a client of raw sockets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "async/timers.h"
#include "base/metrics.h"
#include "cache/memory_budget.h"
#include "env/clock.h"
#include "env/random.h"
#include "http/fake_reader_testing.h"
#include "http/server.h"
#include "objectstore/mem_store.h"

namespace seekfs::http {

/// A blocking socket; every wait ends after half a minute, as the end of input.
class RawClient {
 public:
  explicit RawClient(const std::string& address);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the connection is gone.
  bool send(std::string_view bytes);
  void shutdown_write();
  /// So that the kernel takes little of a reply that is not read.
  void shrink_receive_buffer();
  /// Closes with a reset.
  void abort();
  std::string read_to_end();
  std::string read_exactly(std::size_t count);
  /// A header, with its empty line.
  std::string read_header();
  /// The last read ended by a reset.
  bool was_reset() const { return was_reset_; }

 private:
  std::string read_some(std::size_t most);

  int fd_ = -1;
  std::string pending_;
  bool was_reset_ = false;
};

/// Collects log lines.
class TestLogger final : public Logger {
 public:
  void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;
  bool contains(std::string_view text) const;

 private:
  mutable Mutex mutex_;
  std::string lines_ SEEKFS_GUARDED_BY(mutex_);
};

/// An L2Admin of one directory that was told what to say, and counts what it was asked.
class FakeAdmin final : public l2::L2Admin {
 public:
  std::vector<l2::DiskStatus> disks() const override { return {status}; }
  async::Task<l2::CheckReport> check() override { return answer(report); }
  async::Task<void> compact() override {
    ++compacted;
    return answer();
  }
  async::Task<void> drop_all() override {
    ++dropped;
    return answer();
  }

  l2::DiskStatus status{.path = "/cache", .up = true, .detail = {}};
  l2::CheckReport report;
  std::optional<Error> error;
  std::atomic<int> compacted{0};
  std::atomic<int> dropped{0};

 private:
  async::Task<void> answer() {
    if (error) co_return std::unexpected(*error);
    co_return Status{};
  }
  async::Task<l2::CheckReport> answer(l2::CheckReport given) {
    if (error) co_return std::unexpected(*error);
    co_return given;
  }
};

/// Namespace "demo", v-3: a.bin (1000 bytes in pages of 300), b/c.bin (2000, pages of 512), empty.bin, one.bin and
/// "ü +%.bin" (100); with Last-Modified.
inline constexpr std::int64_t test_mtime = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});
  ~TestServer();

  std::string address(std::size_t index = 0) const { return server->addresses().at(index); }
  /// Sends `request`, ends the sending side and returns all that comes back, with generated ids as <id>.
  std::string exchange(std::string_view request);
  std::string bytes(const std::string& path, std::uint64_t off, std::uint64_t len) const;
  std::string hash(const std::string& path) const;
  std::string date() const;
  /// Blocks until every connection has ended.
  void wait_for_no_connections();

  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  cache::MemoryBudget memory{64U << 20U, timers};
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  TestLogger logger;
  FakeReader reader;
  std::unique_ptr<objectstore::ObjectStore> store;
  cache::PageCache l1{1U << 20U};
  std::unique_ptr<l2::L2> l2 = l2::make_mem(1U << 20U);
  FakeAdmin l2_admin;
  reader::CacheControl caches{{l1, *l2, &l2_admin}};
  std::unique_ptr<Server> server;
};

std::string replace_generated_ids(std::string text);

}  // namespace seekfs::http
