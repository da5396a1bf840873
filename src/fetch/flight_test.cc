// Joining, leaving, dropping and completing; and a body that is taken apart while its readers come and go.
#include <gtest/gtest.h>

#include <cstring>

#include "async/sync_wait.h"
#include "fetch/flight_table.h"
#include "fetch/get_sink.h"
#include "fetch/page_fetcher.h"

namespace seekfs::fetch {
namespace {

manifest::PageKey key(std::uint32_t page_id) {
  manifest::PageKey made;
  made.page_id = page_id;
  made.off = page_id * 10U;
  made.len = 10;
  return made;
}

PageArrival arrival() {
  MutablePage page = MutablePage::allocate(10, nullptr);
  return {std::move(page).seal(), PageTier::origin};
}

TEST(FlightTable, OneStartsAndAllGetTheResult) {
  FlightTable table;
  const auto first = table.join(key(1));
  const auto second = table.join(key(1));
  EXPECT_TRUE(first.first);
  EXPECT_FALSE(second.first);
  EXPECT_TRUE(table.join(key(2)).first);
  EXPECT_FALSE(first.arrival.ready());
  table.complete(key(1), arrival());
  EXPECT_TRUE(first.arrival.try_take()->value().page);
  EXPECT_EQ(async::sync_wait(second.arrival.wait())->page.size(), 10U);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(table.join(key(1)).first);
}

TEST(FlightTable, AFlightIsDroppedOnlyWhenTheLastWaiterHasGone) {
  FlightTable table;
  const auto first = table.join(key(1));
  const auto second = table.join(key(1));
  table.leave(key(1), first.waiter);
  EXPECT_FALSE(table.drop_if_unwanted(key(1)));
  table.leave(key(1), second.waiter);
  EXPECT_TRUE(table.drop_if_unwanted(key(1)));
  EXPECT_EQ(table.size(), 0U);
}

TEST(FlightTable, AKeptPageIsWantedThoughNobodyWaits) {
  FlightTable table;
  EXPECT_TRUE(table.keep(key(1)));
  EXPECT_FALSE(table.keep(key(1)));
  EXPECT_TRUE(table.contains(key(1)));
  EXPECT_FALSE(table.waited_for(key(1)));
  EXPECT_FALSE(table.drop_if_unwanted(key(1)));
  const auto reader = table.join(key(1));
  EXPECT_FALSE(reader.first);
  EXPECT_TRUE(reader.raised);
  EXPECT_TRUE(table.waited_for(key(1)));
  table.leave(key(1), reader.waiter);
  EXPECT_FALSE(table.waited_for(key(1)));
  EXPECT_FALSE(table.drop_if_unwanted(key(1)));
  table.complete(key(1), arrival());
  EXPECT_FALSE(table.contains(key(1)));
}

TEST(FlightTable, APageThatIsOnlyPrefetchedIsNotWaitedFor) {
  FlightTable table;
  const auto hinted = table.join(key(1), false);
  EXPECT_FALSE(table.waited_for(key(1)));
  EXPECT_FALSE(table.drop_if_unwanted(key(1)));
  table.leave(key(1), hinted.waiter);
  EXPECT_TRUE(table.drop_if_unwanted(key(1)));
  EXPECT_FALSE(table.keep(key(1)) && table.drop_if_unwanted(key(1)));
}

TEST(FlightTable, ALateLeaveDoesNotTouchTheNextFlightOfThePage) {
  FlightTable table;
  const auto first = table.join(key(1));
  table.complete(key(1), arrival());
  const auto next = table.join(key(1));
  table.leave(key(1), first.waiter);
  EXPECT_FALSE(table.drop_if_unwanted(key(1)));
  EXPECT_TRUE(next.first);
}

FlightTable::Ride a_ride() {
  static const env::ManualClock clock;
  return {.get = std::make_shared<GetProgress>(clock), .end = 10};
}

TEST(FlightTable, OfTwoGetsTheLastThatFailsEndsTheFlight) {
  FlightTable table;
  const auto reader = table.join(key(1));
  const std::uint64_t flight = table.board(key(1), a_ride());
  EXPECT_EQ(table.leave_ride(key(1)), flight);
  table.complete(key(1), fail(ErrorCode::timeout, "one"));
  EXPECT_FALSE(reader.arrival.ready());
  table.fail(key(1), flight, Error(ErrorCode::transient, "the other"));
  EXPECT_EQ(async::sync_wait(reader.arrival.wait()).error().code, ErrorCode::transient);
  EXPECT_EQ(table.size(), 0U);
}

TEST(FlightTable, TheGetThatComesLaterTouchesNoOtherFlightOfThePage) {
  FlightTable table;
  const auto reader = table.join(key(1));
  const std::uint64_t flight = table.board(key(1), a_ride());
  table.leave_ride(key(1));
  table.complete(key(1), arrival());
  EXPECT_TRUE(reader.arrival.ready());
  const auto next = table.join(key(1));
  EXPECT_TRUE(table.leave_to_other(key(1), flight));
  table.fail(key(1), flight, Error(ErrorCode::timeout, "late"));
  EXPECT_FALSE(next.arrival.ready());
  table.leave(key(1), next.waiter);
  EXPECT_TRUE(table.drop_if_unwanted(key(1), flight)) << "of no use to the GET";
  EXPECT_EQ(table.size(), 1U) << "but another one's";
}

TEST(FlightTable, AGetLeavesThePageToTheOtherOne) {
  FlightTable table;
  const auto reader = table.join(key(1));
  const std::uint64_t flight = table.board(key(1), a_ride());
  table.leave_ride(key(1));
  EXPECT_TRUE(table.leave_to_other(key(1), flight));
  EXPECT_FALSE(table.leave_to_other(key(1), flight));
  table.fail(key(1), flight, Error(ErrorCode::timeout, "the last"));
  EXPECT_TRUE(reader.arrival.ready());
}

TEST(PageTicket, WithdrawsWhenItGoesAndOnlyOnce) {
  FlightTable table;
  {
    PageTicket ticket(table, key(1), table.join(key(1)));
    const PageTicket moved = std::move(ticket);
    EXPECT_FALSE(table.drop_if_unwanted(key(1)));
  }
  EXPECT_TRUE(table.drop_if_unwanted(key(1)));
}

class GetSinkTest : public ::testing::Test {
 protected:
  /// Four pages of ten bytes, each with one waiter.
  GetSink make_sink() {
    std::vector<PageJob> jobs;
    for (std::uint32_t id = 0; id < 4; ++id) {
      tickets.emplace_back(table, key(id), table.join(key(id)));
      PageJob job;
      job.request.key = key(id);
      job.buffer = MutablePage::allocate(10, nullptr);
      jobs.push_back(std::move(job));
    }
    return over(std::move(jobs));
  }

  GetSink over(std::vector<PageJob> jobs) {
    return GetSink(
        std::move(jobs), table,
        [this](PageJob job) {
          PageRef page = std::move(job.buffer).seal();
          received.append(reinterpret_cast<const char*>(page.bytes().data()), page.size());
          table.complete(job.request.key, PageArrival{std::move(page), PageTier::origin});
        },
        [this](std::uint32_t length) { return memory ? MutablePage::allocate(length, nullptr) : MutablePage(); },
        nullptr);
  }

  /// Feeds bytes of `body` until the sink wants no more; the count it took.
  std::size_t feed(GetSink& sink, std::string_view body, std::size_t piece) {
    std::size_t done = 0;
    while (done < body.size()) {
      const auto space = sink.prepare();
      if (space.empty()) break;
      const std::size_t count = std::min({space.size(), piece, body.size() - done});
      std::memcpy(space.data(), body.data() + done, count);
      sink.commit(count);
      done += count;
    }
    return done;
  }

  FlightTable table;
  std::vector<PageTicket> tickets;
  std::string received;
  bool memory = true;  ///< for pages that came without
};

constexpr std::string_view body = "0123456789abcdefghijKLMNOPQRST**********";

TEST_F(GetSinkTest, HandsOverEachPageInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 3U, 10U, 40U}) {
    tickets.clear();
    received.clear();
    GetSink sink = make_sink();
    EXPECT_EQ(feed(sink, body, piece), body.size());
    EXPECT_EQ(received, body);
    EXPECT_TRUE(sink.prepare().empty());
    EXPECT_TRUE(sink.take_missing().empty());
  }
}

TEST_F(GetSinkTest, SaysWhatDidNotArrive) {
  GetSink sink = make_sink();
  feed(sink, body.substr(0, 25), 7);
  const auto missing = sink.take_missing();
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].request.key.page_id, 2U);
  EXPECT_EQ(received, body.substr(0, 20));
}

TEST_F(GetSinkTest, FinishesThePageBeingReceivedAndDropsTheRestWhenEverybodyHasGone) {
  GetSink sink = make_sink();
  feed(sink, body.substr(0, 13), 13);
  tickets.clear();
  EXPECT_EQ(feed(sink, body.substr(13), 4), 7U);
  EXPECT_EQ(received, body.substr(0, 20));
  EXPECT_TRUE(sink.take_missing().empty());
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(GetSinkTest, ReceivesWhatLiesBeforeAPageThatSomebodyWaitsFor) {
  GetSink sink = make_sink();
  PageTicket kept = std::move(tickets[2]);
  tickets.clear();
  EXPECT_EQ(feed(sink, body, 10), 30U);
  EXPECT_EQ(received, body.substr(0, 30));
  EXPECT_TRUE(kept.ready());
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(GetSinkTest, DoesNotReceiveATailThatHasComeByAnotherGet) {
  GetSink sink = make_sink();
  EXPECT_EQ(feed(sink, body.substr(0, 10), 10), 10U);
  table.complete(key(2), arrival());
  table.complete(key(3), arrival());
  EXPECT_EQ(feed(sink, body.substr(10), 10), 10U);
  EXPECT_TRUE(sink.take_missing().empty());
}

class RunOnSinkTest : public GetSinkTest {
 protected:
  /// A page that a reader waits for, and three that the GET runs on over.
  GetSink make_sink() {
    std::vector<PageJob> jobs(4);
    for (std::uint32_t id = 0; id < 4; ++id) jobs[id].request.key = key(id);
    tickets.emplace_back(table, key(0), table.join(key(0)));
    jobs[0].buffer = MutablePage::allocate(10, nullptr);
    for (std::uint32_t id = 1; id < 4; ++id) table.keep(key(id), FlightTable::Memory::when_it_comes);
    return over(std::move(jobs));
  }
  /// A reader that joins a page and brings memory for it.
  FlightTable::Joined join(std::uint32_t id) {
    MutablePage buffer = MutablePage::allocate(10, nullptr);
    return table.join(key(id), true, buffer);
  }
};

TEST_F(RunOnSinkTest, BringsPagesThatNobodyWaitsFor) {
  GetSink sink = make_sink();
  EXPECT_EQ(feed(sink, body, 7), body.size());
  EXPECT_EQ(received, body);
  EXPECT_FALSE(sink.ended_early());
  EXPECT_TRUE(sink.take_missing().empty());
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(RunOnSinkTest, EndsWhereThereIsNoMemory) {
  GetSink sink = make_sink();
  EXPECT_EQ(feed(sink, body.substr(0, 20), 20), 20U);
  memory = false;
  EXPECT_EQ(feed(sink, body.substr(20), 20), 0U);
  EXPECT_TRUE(sink.prepare().empty());
  EXPECT_TRUE(sink.ended_early());
  EXPECT_TRUE(sink.take_missing().empty());
  EXPECT_EQ(table.size(), 0U) << "nobody waited for the others";
}

TEST_F(RunOnSinkTest, EndsWithoutMemoryAlsoWhenThePageHasComeByAnotherGet) {
  GetSink sink = make_sink();
  memory = false;
  table.complete(key(1), arrival());
  EXPECT_EQ(feed(sink, body, 10), 10U);
  EXPECT_TRUE(sink.ended_early());
  EXPECT_TRUE(sink.take_missing().empty());
}

TEST_F(RunOnSinkTest, AReaderThatJoinsLeavesItsMemory) {
  GetSink sink = make_sink();
  const auto joined = join(1);
  memory = false;
  EXPECT_EQ(feed(sink, body, 20), 20U);
  EXPECT_TRUE(joined.arrival.ready());
  EXPECT_TRUE(sink.ended_early());
}

TEST_F(RunOnSinkTest, WhoJoinsAPageThatHasMemoryKeepsItsOwn) {
  GetSink sink = make_sink();
  EXPECT_EQ(feed(sink, body.substr(0, 13), 13), 13U);
  MutablePage buffer = MutablePage::allocate(10, nullptr);
  const auto joined = table.join(key(1), true, buffer);
  EXPECT_TRUE(buffer);
  EXPECT_EQ(feed(sink, body.substr(13), 7), 27U);
  EXPECT_TRUE(joined.arrival.ready());
}

TEST_F(RunOnSinkTest, APageThatIsWaitedForBehindTheEndIsLeftOverWithItsMemory) {
  GetSink sink = make_sink();
  const auto joined = join(3);
  memory = false;
  EXPECT_EQ(feed(sink, body, 10), 10U);
  EXPECT_TRUE(sink.ended_early());
  const auto missing = sink.take_missing();
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].request.key.page_id, 3U);
  EXPECT_EQ(table.take_buffer(key(3)).size(), 10U);
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(GetSinkTest, WantsNothingWhenEverybodyLeftBeforeItBegan) {
  GetSink sink = make_sink();
  tickets.clear();
  EXPECT_TRUE(sink.prepare().empty());
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace seekfs::fetch
