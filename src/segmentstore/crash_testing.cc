// The random life of a store, its end, and the comparison of what is left with what was promised.
#include "segmentstore/crash_testing.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>

#include "env/simulated_disk_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t page_count = 128;

/// What is known of one page.
struct Known {
  bool offered = false;  ///< ever: it may be found
  bool present = false;  ///< appended with success, neither removed nor evicted since
  bool durable = false;  ///< present since before the last checkpoint that ended well
};

bool is_removal(const std::string& operation) { return operation.starts_with("remove "); }

class Life {
 public:
  Life(std::uint64_t seed, CrashCounts& counts) : seed_(seed), counts_(counts), random_(env::make_seeded_random(seed)) {
    large_ = random_->below(8) == 0;
    options_ = tiny_store();
    if (large_) options_.capacity = 4U << 20U;
    if (large_) options_.segment_size = 256U << 10U;
    // A disk with room to spare, or one that is full before the store is.
    const bool tight = random_->below(4) == 0;
    disk_ = env::make_simulated_disk(tight ? options_.capacity * 3 / 4 : 2 * options_.capacity);
    if (random_->below(4) == 0) disk_->set_page_cache(false);
    // An administrator's directory, older than any crash.
    EXPECT_TRUE(disk_->make_directories(options_.path));
    EXPECT_TRUE(disk_->sync_file_system("/"));
  }

  void run() {
    disk_->crash_at(1 + random_->below(random_->below(4) == 0 ? 30 : 150));
    live();
    if (disk_->crashed()) ++counts_.crashes;
    note(disk_->operations());
    killed_ = seed_ % 4 == 0;
    auto left = killed_ ? disk_->after_kill() : disk_->after_crash(seed_);
    if (seed_ % 5 == 0) left = crash_again(std::move(left));
    recover(*left);
  }

 private:
  const NewPage& page(std::uint64_t id) const { return (large_ ? crash_pages().large : crash_pages().small)[id]; }

  void live() {
    StoreForTest store(*disk_, options_, seed_);
    bool going = bool(store.open());
    const std::uint64_t steps = 5 + random_->below(60);
    for (std::uint64_t i = 0; going && i < steps; ++i) going = step(store);
    if (!going) EXPECT_TRUE(disk_->crashed()) << "seed " << seed_ << ": failed without a crash";
  }

  bool step(StoreForTest& store) {
    const std::uint64_t evicted_before = store->stats().evicted_pages;
    const std::uint64_t what = random_->below(100);
    bool done = true;
    bool reopened = false;
    if (what < 55) {
      done = append(store);
    } else if (what < 68) {
      done = read_some(store);
    } else if (what < 75) {
      const std::uint64_t id = random_->below(page_count);
      store->remove(page(id).key);
      known_[id].present = known_[id].durable = false;
    } else if (what < 84) {
      done = checkpoint(store);
    } else if (what < 91) {
      done = bool(store->upkeep(1 + random_->below(64U << 10U)));
    } else if (what < 94) {
      done = bool(store->compact());
    } else if (what < 98) {
      reopened = true;
      done = reopen(store);
    } else if (what < 99) {
      done = bool(store->check());
    } else {
      for (Known& known : known_) known.present = known.durable = false;
      done = bool(store->drop_all());
    }
    if (store.is_open()) drop_evicted(store, reopened ? 0 : evicted_before);
    return done;
  }

  bool append(StoreForTest& store) {
    std::vector<NewPage> group;
    std::vector<std::uint64_t> ids;
    const std::uint64_t count = 1 + random_->below(8);
    for (std::uint64_t i = 0; i < count; ++i) {
      ids.push_back(random_->below(page_count));
      group.push_back(page(ids.back()));
      known_[ids.back()].offered = true;
    }
    const std::uint64_t evicted = store->stats().evicted_pages;
    const bool done = bool(store.append(group));
    for (const std::uint64_t id : ids) {
      if (done) known_[id].present = true;
      // It may have been evicted and then appended anew.
      if (store->stats().evicted_pages != evicted) known_[id].durable = false;
    }
    return done;
  }

  bool read_some(StoreForTest& store) {
    for (std::uint64_t i = 0; i < 4; ++i) {
      const std::uint64_t id = random_->below(page_count);
      const auto read = read_test_page(store.store(), page(id), random_->below(2) == 0);
      if (!read) return false;
      EXPECT_NE(*read, TestRead::corrupt) << "seed " << seed_ << ": page " << id << " without any crash";
      EXPECT_FALSE(*read == TestRead::miss && known_[id].present)
          << "seed " << seed_ << ": page " << id << " is missed without any crash";
    }
    return true;
  }

  bool checkpoint(StoreForTest& store) {
    if (!store->checkpoint()) return false;
    for (Known& known : known_) known.durable = known.present;
    return true;
  }

  /// Closes in good order, or not, then opens.
  bool reopen(StoreForTest& store) {
    if (random_->below(3) != 0) {
      if (!store->close()) return false;
      for (Known& known : known_) known.durable = known.present;
    }
    store.abandon();
    return bool(store.open());
  }

  /// The store may evict as it likes, but it has to say so. It is asked without I/O, so after the crash too.
  void drop_evicted(StoreForTest& store, std::uint64_t evicted_before) {
    const std::uint64_t evicted = store->stats().evicted_pages - evicted_before;
    std::uint64_t gone = 0;
    for (std::uint64_t id = 0; id < page_count; ++id) {
      if (!known_[id].present || store->may_contain(page(id).key)) continue;
      known_[id].present = known_[id].durable = false;
      ++gone;
    }
    EXPECT_LE(gone, evicted) << "seed " << seed_ << ": pages vanished without being evicted";
    counts_.evicted += gone;
  }

  /// The recovery crashes too, and once more begins with what that leaves.
  std::unique_ptr<env::SimulatedDisk> crash_again(std::unique_ptr<env::SimulatedDisk> left) {
    left->crash_at(1 + random_->below(12));
    StoreForTest store(*left, options_, seed_);
    const bool opened = bool(store.open());
    if (opened) spared_ += store->stats().evicted_pages;
    removing_ |= is_removal(left->cut_operation());
    EXPECT_TRUE(opened || left->crashed()) << "seed " << seed_ << ": does not open";
    if (left->crashed()) ++counts_.crashed_opens;
    return killed_ ? left->after_kill() : left->after_crash(seed_ + 1);
  }

  void recover(env::SimulatedDisk& disk) {
    StoreForTest store(disk, options_, seed_ + 1);
    const Status opened = store.open();
    ASSERT_TRUE(opened) << "seed " << seed_ << ": " << opened.error().message;
    spared_ += store->stats().evicted_pages;
    removing_ |= is_removal(disk_->cut_operation());
    std::uint64_t broken = 0;
    for (std::uint64_t id = 0; id < page_count; ++id) {
      Known& known = known_[id];
      const TestRead read = store.read(page(id));
      note(static_cast<std::uint64_t>(read));
      if (!known.offered) EXPECT_EQ(read, TestRead::miss) << "seed " << seed_ << ": never appended";
      const bool must = (killed_ ? known.present : known.durable) && !removing_;
      if (must) ++counts_.must_hits;
      if (must && read != TestRead::hit) ++broken;
      if (read == TestRead::corrupt) store->remove(page(id).key);
      count(known, read);
      known.present = read == TestRead::hit;
    }
    EXPECT_LE(broken, spared_) << "seed " << seed_ << ": pages are lost that were safe from a "
                               << (killed_ ? "kill" : "power loss");
    go_on(disk, store);
  }

  void count(const Known& known, TestRead read) {
    if (read == TestRead::hit) ++counts_.hits;
    if (read == TestRead::corrupt) ++counts_.corrupt;
    if (read == TestRead::miss && known.offered) ++counts_.misses;
    if (read != TestRead::hit && known.present) ++counts_.lost;
  }

  /// The store works as before: it takes pages, gives them, and has them after a restart in good order.
  void go_on(env::SimulatedDisk& disk, StoreForTest& store) {
    const std::uint64_t evicted_before = store->stats().evicted_pages;
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t id = random_->below(page_count);
      const Status appended = store.append(page(id));
      ASSERT_TRUE(appended) << "seed " << seed_ << ": " << appended.error().message;
      EXPECT_EQ(store.read(page(id)), TestRead::hit) << "seed " << seed_ << ": appended after the crash";
      known_[id].present = true;
    }
    drop_evicted(store, evicted_before);
    const auto checked = store->check();
    ASSERT_TRUE(checked) << "seed " << seed_;
    EXPECT_EQ(checked->damage_count, 0U) << "seed " << seed_ << ": " << checked->damage.front().what;
    EXPECT_LE(bytes_on_disk(disk, options_.path), options_.capacity) << "seed " << seed_;
    const Status closed = store->close();
    ASSERT_TRUE(closed) << "seed " << seed_ << ": " << closed.error().message;
    ASSERT_TRUE(store.open()) << "seed " << seed_;
    drop_evicted(store, 0);
    for (std::uint64_t id = 0; id < page_count; ++id) {
      if (known_[id].present) EXPECT_EQ(store.read(page(id)), TestRead::hit) << "seed " << seed_ << ": closed well";
    }
  }

  void note(std::uint64_t value) { counts_.outcome = (counts_.outcome ^ value) * 0x100000001B3U + value; }

  const std::uint64_t seed_;
  CrashCounts& counts_;
  std::unique_ptr<env::Random> random_;
  bool large_ = false;
  bool killed_ = false;
  bool removing_ = false;     ///< a removal was cut off: its segment may be gone without the store having known it
  std::uint64_t spared_ = 0;  ///< pages that were evicted by a recovery: it is not known which
  StoreOptions options_;
  std::unique_ptr<env::SimulatedDisk> disk_;
  std::array<Known, page_count> known_{};
};

}  // namespace

const CrashPages& crash_pages() {
  static const CrashPages pages{.small = make_test_pages(page_count, 48U << 10U, 1),
                                .large = make_test_pages(page_count, 200U << 10U, 2)};
  return pages;
}

void run_crash_seed(std::uint64_t seed, CrashCounts& counts) { Life(seed, counts).run(); }

CrashCounts run_crash_seeds(std::uint64_t first, std::uint64_t count) {
  CrashCounts counts;
  for (std::uint64_t seed = first; seed < first + count && !testing::Test::HasFailure(); ++seed) {
    run_crash_seed(seed, counts);
  }
  return counts;
}

}  // namespace seekfs::segmentstore
