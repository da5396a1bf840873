// What tests of hints share: a node in memory whose origin takes one GET at a time, so that their order can be seen.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "reader/hints.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::uint32_t page_size = 64U << 10U;
/// For tests that move the clock on until something has happened.
inline constexpr milliseconds for_ever = std::chrono::hours(1'000'000);

inline HintWindow file(std::string path, std::vector<HintRange> ranges = {}) {
  return {.name = std::move(path), .is_prefix = false, .ranges = std::move(ranges)};
}
inline HintWindow below(std::string prefix) { return {.name = std::move(prefix), .is_prefix = true, .ranges = {}}; }

class HintsTest : public ::testing::Test {
 protected:
  /// One GET at a time, so that their order can be seen.
  static TestNodeOptions one_by_one() {
    TestNodeOptions options;
    options.gate.max_in_flight = 1;
    return options;
  }

  void begin(TestNodeOptions options = one_by_one(), HintsOptions hint_options = {}) {
    node.emplace(std::move(options));
    hints.emplace(HintsParts{node->l1, *node->l2, node->memory, node->fetcher, node->timers, node->background,
                             *node->random, node->metrics},
                  hint_options);
  }
  void publish(const std::vector<manifest::OracleFile>& files) {
    for (const auto& entry : node->publish("demo", 1, files).files) keys[entry.storage.key] = entry.path;
    node->set_faults([this](objectstore::StoreOp op, const std::string& key) {
      if (op != objectstore::StoreOp::get || !keys.contains(key)) return objectstore::StoreFault{};
      MutexLock lock(mutex);
      asked += keys.at(key) + " ";
      return objectstore::StoreFault{.fail_before = away ? std::optional(Error(ErrorCode::transient, "it is away"))
                                                         : std::nullopt};
    });
  }
  VersionRef version() {
    return node->run(node->service->open_version("demo", {}, node->clock.now() + seconds(60))).value();
  }
  Result<HintStatus> add(std::vector<HintWindow> windows, std::uint64_t priority = 0,
                         std::optional<env::Duration> ttl = {}) {
    return hints->add({.epoch = 7, .priority = priority, .windows = std::move(windows), .ttl = ttl}, version());
  }
  HintStatus wait_for_end(const std::string& id) {
    HintStatus status = hints->find(id).value();
    for (; !is_final(status.state); status = hints->find(id).value()) std::this_thread::yield();
    return status;
  }
  HintStatus prefetch(std::vector<HintWindow> windows) { return wait_for_end(add(std::move(windows)).value().id); }
  void wait_for_state(const std::string& id, HintState state) {
    while (hints->find(id).value().state != state) std::this_thread::yield();
  }
  /// Takes the gate's only permit: what is started waits behind it.
  void shut_gate() {
    node->gate.acquire(objectstore::Purpose::demand,
                       [this](Result<objectstore::OriginGate::Permit> permit) { held = std::move(*permit); });
  }
  void wait_for_flights(std::size_t pages) {
    while (node->fetcher.in_flight() < pages) std::this_thread::yield();
  }
  std::string asked_files() {
    MutexLock lock(mutex);
    return asked;
  }
  std::size_t asked_count() { return static_cast<std::size_t>(std::ranges::count(asked_files(), ' ')); }

  std::map<std::string, std::string> keys;  ///< of objects, to paths
  Mutex mutex;
  std::string asked SEEKFS_GUARDED_BY(mutex);
  std::atomic<bool> away = false;
  std::optional<TestNode> node;
  std::optional<objectstore::OriginGate::Permit> held;
  std::optional<Hints> hints;  // goes before the node
};

}  // namespace seekfs::reader
