// Who is spared, and which segment goes first.
#include "segmentstore/shares.h"

#include <gtest/gtest.h>

namespace seekfs::segmentstore {
namespace {

constexpr TenantId alice = 1;
constexpr TenantId bob = 2;
constexpr TenantId carol = 3;

class Layout {
 public:
  /// A sealed segment of 100 bytes.
  Layout& add(std::vector<TenantBytes> tenants, std::uint64_t unknown = 0) {
    SegmentUse use{.number = static_cast<SegmentNumber>(segments.size() + 1), .sealed = true, .size = 100};
    for (const TenantBytes& one : tenants) use.live_bytes += one.bytes;
    use.live_bytes += unknown;
    use.tenants = std::move(tenants);
    segments.push_back(std::move(use));
    return *this;
  }
  Layout& times(int count, const std::vector<TenantBytes>& tenants) {
    for (int i = 0; i < count; ++i) add(tenants);
    return *this;
  }
  SegmentNumber victim() const {
    const auto chosen = choose_victim(segments);
    return chosen ? chosen->number : 0;
  }

  std::vector<SegmentUse> segments;
};

TEST(Tenant, IsTheSameForever) {
  EXPECT_EQ(tenant_of("demo"), 0xA5E41B674276D396U);
  EXPECT_EQ(tenant_of(""), unknown_tenant);
  EXPECT_NE(tenant_of("a"), tenant_of("b"));
}

TEST(Shares, OfOneNamespaceNobodyIsSparedAndTheOldestGoes) {
  Layout layout;
  layout.times(5, {{alice, 100}});
  EXPECT_EQ(layout.victim(), 1U);
  EXPECT_FALSE(choose_victim(layout.segments)->shares.any());
  layout.segments[0].sealed = false;
  EXPECT_EQ(layout.victim(), 2U);
}

TEST(Shares, OfUnknownPagesNobodyIsSpared) {
  Layout layout;
  layout.add({}, 100).add({}, 100);
  EXPECT_EQ(layout.victim(), 1U);
  EXPECT_FALSE(choose_victim(layout.segments)->shares.any());
  // With one that is known, headers tell.
  layout.add({{bob, 100}});
  const Victim victim = *choose_victim(layout.segments);
  EXPECT_EQ(victim.number, 1U);
  EXPECT_EQ(victim.unknown_bytes, 100U);
  EXPECT_TRUE(victim.shares.spares(alice));
  EXPECT_FALSE(victim.shares.spares(bob));
  EXPECT_FALSE(victim.shares.spares(unknown_tenant));
}

TEST(Shares, WhoHoldsTheMostLosesFirst) {
  Layout layout;
  layout.times(4, {{alice, 100}}).times(6, {{bob, 100}});
  EXPECT_EQ(layout.victim(), 5U) << "the oldest of the larger namespace";
  EXPECT_EQ(choose_victim(layout.segments)->spared_bytes, 0U);
  Layout other;
  other.times(6, {{alice, 100}}).times(4, {{bob, 100}});
  EXPECT_EQ(other.victim(), 1U);
}

TEST(Shares, ASlightlySmallerNamespaceIsSparedWhereThatIsFree) {
  Layout apart;
  apart.times(10, {{alice, 99}}).times(10, {{bob, 100}});
  EXPECT_EQ(apart.victim(), 11U);
  Layout mixed;
  mixed.times(10, {{alice, 49}, {bob, 51}});
  const Victim victim = *choose_victim(mixed.segments);
  EXPECT_EQ(victim.number, 1U);
  EXPECT_EQ(victim.spared_bytes, 0U) << "two of one size that write alike would be carried over for ever";
}

TEST(Shares, AClearlySmallerNamespaceIsSparedInMixedSegmentsToo) {
  Layout layout;
  layout.times(10, {{alice, 30}, {bob, 70}});
  const Victim victim = *choose_victim(layout.segments);
  EXPECT_EQ(victim.number, 1U);
  EXPECT_TRUE(victim.shares.spares(alice));
  EXPECT_FALSE(victim.shares.spares(bob));
  EXPECT_EQ(victim.spared_bytes, 30U);
}

TEST(Shares, WithoutACheapSegmentTheCheapestGoes) {
  Layout layout;
  layout.times(3, {{alice, 30}, {bob, 30}, {carol, 40}}).add({{alice, 28}, {bob, 30}, {carol, 42}});
  layout.times(3, {{alice, 30}, {bob, 30}, {carol, 40}});
  const Victim victim = *choose_victim(layout.segments);
  EXPECT_EQ(victim.number, 4U);
  EXPECT_EQ(victim.spared_bytes, 58U);
}

TEST(Shares, DeadBytesMakeASegmentCheap) {
  Layout layout;
  layout.times(4, {{alice, 100}}).add({{alice, 10}}).times(6, {{bob, 100}});
  EXPECT_EQ(layout.victim(), 5U);
}

TEST(Shares, WithoutASealedSegmentThereIsNoVictim) { EXPECT_EQ(Layout().victim(), 0U); }

}  // namespace
}  // namespace seekfs::segmentstore
