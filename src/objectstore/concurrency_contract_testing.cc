// The contract's tests of operations at the same time.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "objectstore/object_store_contract_testing.h"

namespace seekfs::objectstore {

void link_concurrency_contract() {}

namespace {

#ifdef SEEKFS_SANITIZED
constexpr int rounds = 10;
#else
constexpr int rounds = 100;
#endif

template <class Work>
void in_threads(int count, Work work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([work, i] { work(i); });
}

TEST_P(ObjectStoreContract, ReadersSeeTheOldObjectOrTheNewOne) {
  // Every body is one repeated letter, so that a mixture shows.
  for (const std::size_t size : {20'000UL, 150'000UL}) {
    ASSERT_TRUE(put("swapped", std::string(size, 'a')));
    std::atomic<bool> done = false;
    in_threads(4, [&](int index) {
      if (index == 0) {
        for (int i = 0; i < rounds; ++i) {
          EXPECT_TRUE(put("swapped", std::string(size, static_cast<char>('a' + i % 26))));
        }
        done = true;
        return;
      }
      while (!done) {
        const Result<std::string> body = read({.key = "swapped"});
        ASSERT_TRUE(body) << body.error().message;
        ASSERT_EQ(body->size(), size);
        ASSERT_EQ(body->find_first_not_of((*body)[0]), std::string::npos) << "bytes of two objects";
      }
    });
  }
}

TEST_P(ObjectStoreContract, OneOfManyClaimsWins) {
  for (int round = 0; round < rounds; ++round) {
    const std::string key = "claims/" + std::to_string(round);
    std::atomic<int> winner = -1;
    std::atomic<int> winners = 0;
    in_threads(4, [&](int index) {
      const Result<PutReply> reply = put(key, std::to_string(index), {.if_none_match = true});
      if (reply) {
        winner = index;
        ++winners;
      } else {
        EXPECT_EQ(reply.error().code, ErrorCode::precondition_failed) << reply.error().message;
      }
    });
    ASSERT_EQ(winners, 1);
    EXPECT_EQ(read({.key = key}).value_or("error"), std::to_string(winner));
  }
}

TEST_P(ObjectStoreContract, SwapsLoseNoUpdate) {
  ASSERT_TRUE(put("counter", "0"));
  std::atomic<int> swaps = 0;
  in_threads(4, [&](int) {
    for (int i = 0; i < rounds; ++i) {
      const auto current = async::sync_wait(get_small(store(), {.key = "counter"}, 100, {}));
      ASSERT_TRUE(current) << current.error().message;
      const std::string next = std::to_string(std::stoi(current->body) + 1);
      const Result<PutReply> reply = put("counter", next, {.if_match = current->info.etag});
      if (reply) {
        ++swaps;
      } else {
        EXPECT_EQ(reply.error().code, ErrorCode::precondition_failed) << reply.error().message;
      }
    }
  });
  EXPECT_EQ(read({.key = "counter"}).value_or("error"), std::to_string(swaps));
  EXPECT_GT(swaps, 0);
}

TEST_P(ObjectStoreContract, PutsAndRemovesInOneDirectoryDoNotDisturbEachOther) {
  in_threads(4, [&](int index) {
    for (int i = 0; i < rounds; ++i) {
      const std::string key = "shared/deep/dir/" + std::to_string(index);
      const Result<PutReply> reply = put(key, "x");
      ASSERT_TRUE(reply) << reply.error().message;
      ASSERT_EQ(read({.key = key}).value_or("error"), "x");
      const Status removed = remove({.key = key});
      ASSERT_TRUE(removed) << removed.error().message;
    }
  });
  EXPECT_TRUE(list_all({}).objects.empty());
}

TEST_P(ObjectStoreContract, ListsBesideChangesHoldWhatStays) {
  put_all({"stay/1", "stay/2/x", "stay/3"});
  std::atomic<bool> done = false;
  in_threads(2, [&](int index) {
    if (index == 0) {
      for (int i = 0; i < rounds; ++i) {
        const std::string key = i % 2 == 0 ? "stay/2/y" : "stay/25/z";
        EXPECT_TRUE(put(key, "x"));
        EXPECT_TRUE(remove({.key = key}));
      }
      done = true;
      return;
    }
    while (!done) {
      const std::vector<std::string> keys = keys_of(list_all({.max_keys = 2}));
      ASSERT_TRUE(std::ranges::is_sorted(keys));
      const std::set<std::string> present(keys.begin(), keys.end());
      ASSERT_TRUE(present.contains("stay/1") && present.contains("stay/2/x") && present.contains("stay/3"));
    }
  });
}

}  // namespace
}  // namespace seekfs::objectstore
