// Request ids: their form, and that none comes twice.
#include "base/request_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace seekfs {
namespace {

TEST(RequestId, IsSixteenHexDigits) {
  EXPECT_EQ(RequestId(0).view(), "0000000000000000");
  EXPECT_EQ(RequestId(0x0123456789ABCDEFU).view(), "0123456789abcdef");
  EXPECT_EQ(RequestId(7), RequestId(7));
  EXPECT_NE(RequestId(7), RequestId(8));
}

TEST(RequestIdSource, NeverRepeatsAndDependsOnTheSeed) {
  RequestIdSource source(42);
  RequestIdSource same(42);
  RequestIdSource other(43);
  EXPECT_EQ(source.next(), same.next());
  EXPECT_NE(source.next(), other.next());

  std::vector<std::vector<std::string>> ids(4);
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&source, &mine] {
      for (int i = 0; i < 20'000; ++i) mine.emplace_back(source.next().view());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::unordered_set<std::string> all;
  for (const auto& mine : ids) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 80'000U);
}

}  // namespace
}  // namespace seekfs
