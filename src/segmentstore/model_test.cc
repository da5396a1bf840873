// Short sequences of everything that a store can be asked for, compared with a map after each step: all of five steps,
// then random ones of nine.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "env/simulated_disk_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr int key_count = 4;
constexpr std::uint64_t random_sequences = 88'000 / sanitized_divisor;
constexpr std::size_t random_length = 9;
constexpr std::size_t exhaustive_length = sanitized_divisor == 1 ? 5 : 3;

/// Letters: 0 to 3 put that key, A to D delete it, and the rest as below.
constexpr char evict = 'e';       ///< other pages fill the store until it evicts
constexpr char compact = 'c';     ///< by itself
constexpr char upkeep = 'u';      ///< a part of it
constexpr char checkpoint = 'k';  ///< durable
constexpr char reopen = 'r';      ///< closed in good order

const std::array<NewPage, key_count>& keys() {
  // Of a length each: one byte, packed, most of a segment, and one that leaves little of it.
  static const std::array<NewPage, key_count> pages = {make_test_page(0, 1), make_test_page(1, 3000),
                                                       make_test_page(2, 30'000), make_test_page(3, 60'000)};
  return pages;
}

const std::vector<NewPage>& fillers() {
  static const std::vector<NewPage> pages = [] {
    std::vector<NewPage> all;
    for (std::uint64_t id = 100; id < 140; ++id) all.push_back(make_test_page(id, 60'000));
    return all;
  }();
  return pages;
}

class Model {
 public:
  /// Whether reads mark pages as used, which carries them over when their segment is evicted.
  explicit Model(bool reading) : reading_(reading) { EXPECT_TRUE(store_.open()); }

  void run(const std::string& sequence) {
    for (const char step : sequence) {
      take(step);
      compare(step);
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "sequence " << sequence << ", at " << step;
        return;
      }
    }
  }
  std::uint64_t evictions() const { return evictions_; }

 private:
  void take(char step) {
    Status done;
    if (step >= '0' && step < '0' + key_count) {
      done = store_.append(keys()[static_cast<std::size_t>(step - '0')]);
      present_[static_cast<std::size_t>(step - '0')] = true;
    }
    if (step >= 'A' && step < 'A' + key_count) {
      store_->remove(keys()[static_cast<std::size_t>(step - 'A')].key);
      present_[static_cast<std::size_t>(step - 'A')] = false;
    }
    switch (step) {
      case evict: fill(); break;
      case compact: done = store_->compact(); break;
      case upkeep: done = store_->upkeep(20'000) ? Status() : Status(fail(ErrorCode::internal, "upkeep")); break;
      case checkpoint: done = store_->checkpoint(); break;
      case reopen:
        done = store_->close();
        if (done) done = store_.open();
        evicted_ = 0;
        break;
      default: break;
    }
    EXPECT_TRUE(done) << done.error().message;
  }

  void fill() {
    const std::uint64_t before = store_->stats().evicted_segments;
    for (std::size_t i = 0; i < fillers().size() && store_->stats().evicted_segments == before; ++i) {
      const NewPage& filler = fillers()[(filled_ + i) % fillers().size()];
      EXPECT_TRUE(store_.append(filler));
    }
    EXPECT_GT(store_->stats().evicted_segments, before) << "the store took more than it may hold";
    filled_ += fillers().size() / 2;
  }

  void compare(char step) {
    const std::uint64_t evicted = store_->stats().evicted_pages - evicted_;
    evicted_ = store_->stats().evicted_pages;
    std::uint64_t gone = 0;
    for (std::size_t key = 0; key < key_count; ++key) {
      const bool found =
          reading_ || step == reopen ? store_.read(keys()[key]) == TestRead::hit : store_->may_contain(keys()[key].key);
      EXPECT_FALSE(found && !present_[key]) << "key " << key << " was removed and is there";
      if (found || !present_[key]) continue;
      present_[key] = false;
      ++gone;
    }
    EXPECT_LE(gone, evicted) << "keys are gone that were not evicted";
    evictions_ += gone;
  }

  const bool reading_;
  std::unique_ptr<env::SimulatedDisk> disk_ = env::make_simulated_disk(2U << 20U);
  StoreForTest store_{*disk_, tiny_store()};
  std::array<bool, key_count> present_{};
  std::uint64_t evicted_ = 0;    ///< pages, as the open store counts them
  std::uint64_t evictions_ = 0;  ///< of keys
  std::size_t filled_ = 0;
};

/// Every sequence of `length` steps in which the keys are first put in their order: the others differ in names only.
void for_each_sequence(std::size_t length, std::string& sequence, int put,
                       const std::function<void(const std::string&)>& each) {
  if (sequence.size() == length) return each(sequence);
  std::string steps{evict, compact, upkeep, checkpoint, reopen};
  for (int key = 0; key < put; ++key) {
    steps += static_cast<char>('0' + key);
    steps += static_cast<char>('A' + key);
  }
  if (put < key_count) steps += static_cast<char>('0' + put);
  for (const char step : steps) {
    sequence.push_back(step);
    for_each_sequence(length, sequence, step == '0' + put ? put + 1 : put, each);
    sequence.pop_back();
  }
}

TEST(Model, AllShortSequencesAgreeWithAMap) {
  std::uint64_t count = 0;
  std::uint64_t evictions = 0;
  std::string sequence;
  for_each_sequence(exhaustive_length, sequence, 0, [&](const std::string& one) {
    if (HasFailure()) return;
    Model model(count % 2 == 0);
    model.run(one);
    evictions += model.evictions();
    ++count;
  });
  std::puts(fmt::format("{} sequences, {} keys were evicted", count, evictions).c_str());
  EXPECT_GT(count, sanitized_divisor == 1 ? 14'000U : 100U);
  EXPECT_GT(evictions, 10U / sanitized_divisor);
}

class RandomModel : public testing::TestWithParam<std::uint64_t> {};
constexpr std::uint64_t shards = 4;

TEST_P(RandomModel, LongerSequencesAgreeWithAMap) {
  constexpr std::string_view steps = "01230123ABCDABcukr";
  for (std::uint64_t i = 0; i < random_sequences / shards && !HasFailure(); ++i) {
    const auto random = env::make_seeded_random(GetParam() * random_sequences + i);
    std::string sequence;
    while (sequence.size() < random_length) {
      sequence += random->below(12) == 0 ? evict : steps[random->below(steps.size())];
    }
    Model(random->below(2) == 0).run(sequence);
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, RandomModel, testing::Range<std::uint64_t>(0, shards));

}  // namespace
}  // namespace seekfs::segmentstore
