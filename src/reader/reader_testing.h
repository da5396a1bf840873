// A whole node in memory for tests: a store that can be told to fail, every cache, the fetcher and the read service, on
// virtual time, with data sets whose bytes the oracle knows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "async/sync_wait.h"
#include "base/log.h"
#include "env/clock.h"
#include "env/random.h"
#include "manifest/manifest_testing.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"
#include "reader/cached_read_service.h"

namespace seekfs::reader {

struct TestNodeOptions {
  std::uint64_t memory_bytes = 256U << 20U;
  std::uint64_t l1_bytes = 64U << 20U;
  std::uint64_t l2_bytes = 0;                        ///< 0: none
  std::function<std::unique_ptr<l2::L2>()> make_l2;  ///< instead of one in memory
  objectstore::OriginGate::Limits gate;
  fetch::PageFetcherOptions fetcher;
  PageStreamOptions stream;
  ReadAheadPolicy read_ahead{.max_window = 0};  ///< none: tests see the GETs of their own reads
  std::string manifest_disk_path;               ///< empty: nothing kept
  std::uint64_t manifest_memory = 1U << 30U;    ///< what loaded manifests may take
  objectstore::ObjectStore* store = nullptr;    ///< another node's store, to share it; null: one of its own
};

class TestNode {
 public:
  explicit TestNode(TestNodeOptions options = {});
  ~TestNode();

  /// Puts objects, manifest, info and HEAD of a version whose files are the oracle's. Returns what was published.
  manifest::Manifest publish(const std::string& ns, std::uint64_t version,
                             const std::vector<manifest::OracleFile>& files);
  void put(const std::string& key, const std::string& body);
  void remove(const std::string& key);

  /// Asked before every operation on the store; replaces what was set before.
  void set_faults(objectstore::StoreFaultPlan plan);
  /// GETs of keys that contain `part`, since the start.
  std::size_t gets(const std::string& part) const;

  /// Runs a task on the front reactor and waits for it.
  template <class T>
  Result<T> run(async::Task<T> task) {
    async::Promise<T> done;
    async::spawn(front.executor(), forward(std::move(task), done));
    return async::sync_wait(done.wait());
  }
  /// The bytes of a range, by open() and read().
  Result<std::string> read(const std::string& ns, const std::string& path, std::uint64_t off, std::uint64_t len,
                           std::optional<std::uint64_t> version = {});
  async::Task<std::string> read_task(std::string ns, std::string path, std::uint64_t off, std::uint64_t len,
                                     std::optional<std::uint64_t> version = {});
  Result<FileRef> open(const std::string& ns, const std::string& path, std::optional<std::uint64_t> version = {});

  TestNodeOptions options;
  env::ManualClock clock;
  async::Timers timers{clock};
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  MetricsRegistry metrics;
  async::Reactor front{"front"};
  async::Reactor background{"background"};
  async::ThreadPool pool{"pool", 2};
  std::unique_ptr<objectstore::ObjectStore> own_store;
  objectstore::ObjectStore& base_store;
  std::unique_ptr<objectstore::ObjectStore> store;
  objectstore::OriginGate gate;
  std::unique_ptr<objectstore::ObjectStore> budgeted;
  cache::MemoryBudget memory;
  cache::PageCache l1;
  std::unique_ptr<l2::L2> l2;
  fetch::PageFetcher fetcher;
  ManifestCache manifests;
  std::unique_ptr<ReadService> service;

 private:
  template <class T>
  static boost::asio::awaitable<void, async::Executor> forward(async::Task<T> task, async::Promise<T> done) {
    done.set(co_await std::move(task));
  }
  objectstore::StoreFault on_operation(objectstore::StoreOp op, const std::string& key);

  mutable Mutex mutex_;
  objectstore::StoreFaultPlan plan_ SEEKFS_GUARDED_BY(mutex_);
  std::vector<std::string> gets_ SEEKFS_GUARDED_BY(mutex_);
};

/// Bytes of a file of the version `version` of namespace "demo".
std::string oracle(const std::string& path, std::uint64_t version, std::uint64_t off, std::uint64_t len);

/// A fault for GETs of data objects only.
objectstore::StoreFaultPlan on_data(std::function<objectstore::StoreFault()> fault);

/// Waits until no request is under way (a GET gives its permit back a moment after its last page has reached the
/// readers), and expects that no page is held by anybody but L1, which is emptied.
void expect_idle(TestNode& node);

/// The store answers nothing.
objectstore::StoreFaultPlan store_is_away();

/// Of a file of namespace "demo"; 0 when it cannot be opened.
std::uint64_t version_of(TestNode& node, const std::string& path = "f");

/// Waits until HEAD was read `heads` times and the refresh that a reader started in the background has ended.
void settle(TestNode& node, std::size_t heads);

}  // namespace seekfs::reader
