// Turns of equal bytes, and what they do for a reader beside a scan.
#include "fetch/fair_order.h"

#include <gtest/gtest.h>

#include <memory>

#include "fetch/fetch_queue.h"

namespace seekfs::fetch {
namespace {

using objectstore::Purpose;
using Order = FairOrder<int>;

constexpr std::uint32_t kib = 1024;

/// Takes the next item, which costs `bytes`; items are pushed under themselves as sequence numbers.
int take(Order& order, const std::vector<std::string>& owner_of, std::uint64_t bytes) {
  const int item = order.next();
  order.charge(bytes);
  order.erase(owner_of[static_cast<std::size_t>(item)], static_cast<std::uint64_t>(item));
  return item;
}

TEST(FairOrder, OneOwnerIsServedInOrderOfArrival) {
  Order order;
  for (const int item : {2, 0, 1}) order.push("a", static_cast<std::uint64_t>(item), item);
  const std::vector<std::string> owners(3, "a");
  for (int item = 0; item < 3; ++item) EXPECT_EQ(take(order, owners, 10U << 20U), item);
  EXPECT_TRUE(order.empty());
}

TEST(FairOrder, OwnersTakeTurnsOfEqualBytes) {
  Order order;
  std::vector<std::string> owners;
  for (int i = 0; i < 600; ++i) {
    owners.emplace_back(i < 400 ? "large" : "small");
    order.push(owners.back(), static_cast<std::uint64_t>(i), i);
  }
  std::uint64_t large = 0;
  std::uint64_t small = 0;
  for (int i = 0; i < 100; ++i) {
    const bool is_large = owners[static_cast<std::size_t>(order.next())] == "large";
    take(order, owners, is_large ? 4096U * kib : 512U * kib);
    (is_large ? large : small) += is_large ? 4096U * kib : 512U * kib;
  }
  EXPECT_NEAR(static_cast<double>(large), static_cast<double>(small), 5e6);
}

TEST(FairOrder, ManySmallOnesAreNoWayRound) {
  Order order;
  std::vector<std::string> owners;
  for (int i = 0; i < 100; ++i) {
    owners.emplace_back(i < 99 ? "tiny" : "one");
    order.push(owners.back(), static_cast<std::uint64_t>(i), i);
  }
  int before = 0;
  while (take(order, owners, 1) != 99) ++before;
  EXPECT_LE(before, Order::quantum_bytes / Order::least_cost_bytes);
}

TEST(FairOrder, WhoHasAllInOneLargeTakePaysForItAsOthersDo) {
  Order order;
  std::vector<std::string> owners;
  const auto push = [&](const char* owner) {
    owners.emplace_back(owner);
    order.push(owner, owners.size() - 1, static_cast<int>(owners.size()) - 1);
  };
  for (int i = 0; i < 2000; ++i) push("many");
  push("one at a time");
  std::uint64_t many = 0;
  std::uint64_t large = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool is_large = owners[static_cast<std::size_t>(order.next())] == "one at a time";
    take(order, owners, is_large ? 32768U * kib : 256U * kib);
    (is_large ? large : many) += is_large ? 32768U * kib : 256U * kib;
    if (is_large) push("one at a time");
  }
  EXPECT_NEAR(static_cast<double>(large), static_cast<double>(many), 40e6);
}

TEST(FairOrder, WhatIsTakenBesideTurnsIsPaidToo) {
  Order order;
  std::vector<std::string> owners;
  for (int i = 0; i < 200; ++i) {
    owners.emplace_back(i < 100 ? "runs on" : "plain");
    order.push(owners.back(), static_cast<std::uint64_t>(i), i);
  }
  int plain = 0;
  for (int i = 0; i < 50; ++i) {
    const bool is_plain = owners[static_cast<std::size_t>(order.next())] == "plain";
    take(order, owners, 1024U * kib);
    if (!is_plain) order.charge_more("runs on", 4096U * kib);
    plain += is_plain ? 1 : 0;
  }
  EXPECT_GE(plain, 38);
}

TEST(FairOrder, GivesEverythingOldestFirst) {
  Order order;
  order.push("b", 3, 3);
  order.push("a", 2, 2);
  order.push("b", 1, 1);
  EXPECT_EQ(order.take_all(), (std::vector{1, 2, 3}));
  EXPECT_TRUE(order.empty());
}

PageJob job(const std::string& ns, const std::string& object, std::uint64_t page) {
  auto source = std::make_shared<PageSource>();
  source->ns = ns;
  source->object = {.key = object, .if_match = {}, .version_id = {}};
  PageJob made;
  made.request.key = {
      .file = {}, .page_id = static_cast<std::uint32_t>(page), .off = page * 256 * kib, .len = 256 * kib};
  made.request.source = std::move(source);
  return made;
}

/// One permit after the other; a scan by 64 readers asks again as soon as it is served, and the reader of the other
/// namespace reads a page at a time. How many GETs of the scan go before each of the reader's.
TEST(FetchQueue, AReaderBesideAScanOfAnotherNamespaceWaitsForAFewGets) {
  FetchQueue queue({});
  std::uint64_t next_page = 0;
  for (int reader = 0; reader < 64; ++reader) queue.push(job("scan", "big", 100 * next_page++));
  for (std::uint64_t read = 0; read < 50; ++read) {
    queue.push(job("reader", "other", 10 * read));
    int before = 0;
    while (queue.pop(Purpose::demand)->object.key != "other") {
      ++before;
      queue.push(job("scan", "big", 100 * next_page++));
      ASSERT_LE(before, 4) << "read " << read;
    }
  }
}

}  // namespace
}  // namespace seekfs::fetch
