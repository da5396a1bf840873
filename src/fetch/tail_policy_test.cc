// Who yields to whom, who goes on, and for how long.
#include "fetch/tail_policy.h"

#include <gtest/gtest.h>

namespace seekfs::fetch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Ids = std::vector<TailPolicy::Id>;
using Step = TailPolicy::Step;

constexpr TailPolicy::NextPage wanted{.wanted = true};
constexpr TailPolicy::NextPage ahead{};
constexpr TailPolicy::NextPage speculative{.speculative = true};

class TailPolicyTest : public testing::Test {
 protected:
  Step next(TailPolicy::Id id, TailPolicy::NextPage page) { return policy.next_page(id, page, now); }
  Ids due() { return policy.due(now); }
  /// A GET of `object` whose reader is getting its bytes.
  TailPolicy::Id receiving(std::uint64_t object) {
    const auto id = policy.begin(object, true);
    EXPECT_EQ(next(id, wanted), Step::run);
    return id;
  }
  /// It has brought a page.
  TailPolicy::Id paused(std::uint64_t object) {
    const auto id = policy.begin(object, false);
    policy.page_done(id, false);
    EXPECT_EQ(next(id, speculative), Step::pause);
    EXPECT_EQ(due(), Ids());
    return id;
  }

  env::TimePoint now{seconds(100)};
  TailPolicy policy{{.beside_first_bytes = 2, .longest_pause = seconds(1), .longest_in_all = seconds(3)}};
};

TEST_F(TailPolicyTest, WithNoReaderAnywhereAllTailsRun) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(next(policy.begin(1, false), speculative), Step::run);
}

TEST_F(TailPolicyTest, ATailYieldsWhileAReadersBytesComeAndGoesOnWhenTheyAreThere) {
  const auto reader = receiving(1);
  const auto tail = paused(2);
  EXPECT_EQ(due(), Ids());
  policy.page_done(reader, true);
  EXPECT_EQ(due(), Ids());
  policy.page_done(reader, false);
  EXPECT_EQ(due(), Ids({tail}));
  EXPECT_EQ(due(), Ids()) << "named once";
  EXPECT_EQ(next(tail, speculative), Step::run);
}

TEST_F(TailPolicyTest, TheEndOfTheReadersGetIsEnough) {
  const auto reader = receiving(1);
  const auto tail = paused(2);
  policy.end(reader);
  EXPECT_EQ(due(), Ids({tail}));
}

TEST_F(TailPolicyTest, OfOneObjectOnlyWhatNobodyAnnouncedYields) {
  receiving(1);
  EXPECT_EQ(next(policy.begin(1, false), ahead), Step::run);
  EXPECT_EQ(next(policy.begin(1, false), speculative), Step::pause);
  EXPECT_EQ(next(policy.begin(2, false), ahead), Step::pause);
}

TEST_F(TailPolicyTest, WhileReadersWaitForFirstBytesOnlySoManyRun) {
  policy.begin(1, true);
  const auto first = policy.begin(2, false);
  EXPECT_EQ(next(first, speculative), Step::run);
  EXPECT_EQ(next(policy.begin(3, false), speculative), Step::run);
  const auto third = paused(4);
  EXPECT_EQ(next(first, speculative), Step::run) << "it is one of the two";
  policy.end(first);
  EXPECT_EQ(due(), Ids({third}));
}

TEST_F(TailPolicyTest, ARaisedTailGoesOnAtOnceAndOthersYieldToIt) {
  receiving(1);
  const auto raised = paused(2);
  const auto other = paused(3);
  policy.raise(raised);
  EXPECT_EQ(due(), Ids({raised}));
  EXPECT_EQ(next(raised, wanted), Step::run);
  EXPECT_EQ(next(other, speculative), Step::pause) << "asking early does no harm";
  EXPECT_EQ(due(), Ids());
}

TEST_F(TailPolicyTest, ALongPauseAllowsOnePage) {
  receiving(1);
  const auto tail = paused(2);
  EXPECT_EQ(policy.next_due(), now + seconds(1));
  now += milliseconds(600);
  EXPECT_EQ(next(tail, speculative), Step::pause);
  EXPECT_EQ(policy.next_due(), now + milliseconds(400)) << "asking early does not begin the pause anew";
  now += milliseconds(400);
  EXPECT_EQ(due(), Ids({tail}));
  EXPECT_EQ(next(tail, speculative), Step::run);
  EXPECT_EQ(next(tail, speculative), Step::pause);
  EXPECT_EQ(policy.next_due(), now + seconds(1));
}

TEST_F(TailPolicyTest, ThePausesOfAGetAreBoundedTogether) {
  receiving(1);
  const auto tail = paused(2);
  for (int i = 0; i < 3; ++i) {
    if (i > 0) EXPECT_EQ(next(tail, speculative), Step::pause);
    now += seconds(1);
    EXPECT_EQ(next(tail, speculative), Step::run);
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(next(tail, speculative), Step::run);
}

TEST_F(TailPolicyTest, AReaderWithoutAPermitEndsOneTail) {
  receiving(1);
  const auto first = paused(2);
  now += milliseconds(1);
  const auto second = paused(3);
  policy.permit_wanted();
  EXPECT_EQ(due(), Ids({first})) << "the one that has waited longest";
  EXPECT_EQ(due(), Ids());
  EXPECT_EQ(next(first, speculative), Step::end);
  policy.end(first);
  EXPECT_EQ(due(), Ids());
  EXPECT_EQ(next(second, speculative), Step::pause);
}

TEST_F(TailPolicyTest, WhoIsRaisedBeforeItEndsLeavesItToTheNext) {
  receiving(1);
  const auto first = paused(2);
  now += milliseconds(1);
  const auto second = paused(3);
  policy.permit_wanted();
  EXPECT_EQ(due(), Ids({first}));
  EXPECT_EQ(next(first, wanted), Step::run);
  EXPECT_EQ(due(), Ids({second}));
  policy.permit_granted();
  EXPECT_EQ(next(second, speculative), Step::pause) << "a permit came back elsewhere";
}

TEST_F(TailPolicyTest, ATailThatRunsEndsForAPermitAtItsNextPage) {
  const auto tail = policy.begin(2, false);
  EXPECT_EQ(next(tail, ahead), Step::run);
  policy.page_done(tail, false);
  policy.permit_wanted();
  EXPECT_EQ(next(tail, wanted), Step::run) << "a reader waits for it";
  EXPECT_EQ(next(tail, ahead), Step::end);
}

TEST_F(TailPolicyTest, NoGetEndsForAPermitBeforeItBroughtAPage) {
  receiving(1);
  const auto tail = policy.begin(2, false);
  EXPECT_EQ(next(tail, ahead), Step::pause);
  now += milliseconds(1);
  const auto other = paused(3);
  policy.permit_wanted();
  EXPECT_EQ(due(), Ids({tail}));
  EXPECT_EQ(next(tail, ahead), Step::run);
  EXPECT_EQ(due(), Ids()) << "one is enough";
  policy.page_done(tail, false);
  EXPECT_EQ(next(tail, ahead), Step::end);
  EXPECT_EQ(due(), Ids());
  EXPECT_EQ(next(other, ahead), Step::pause);
}

TEST_F(TailPolicyTest, AtTheEndAllTailsEnd) {
  receiving(1);
  const auto tail = paused(2);
  policy.close();
  EXPECT_EQ(due(), Ids({tail}));
  EXPECT_EQ(next(tail, speculative), Step::end);
}

TEST_F(TailPolicyTest, MayBeSwitchedOff) {
  TailPolicy off({.yields = false});
  const auto reader = off.begin(1, true);
  EXPECT_EQ(off.next_page(reader, wanted, now), Step::run);
  EXPECT_EQ(off.next_page(off.begin(2, false), speculative, now), Step::run);
}

}  // namespace
}  // namespace seekfs::fetch
