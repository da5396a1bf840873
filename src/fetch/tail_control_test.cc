// Paused bodies: who is resumed, when, how often, and what is counted.
#include "fetch/tail_control.h"

#include <gtest/gtest.h>

#include <thread>

namespace seekfs::fetch {
namespace {

using std::chrono::seconds;
using Step = TailPolicy::Step;

struct CountingBody final : objectstore::PausedBody {
  void resume() override { resumed.fetch_add(1); }
  std::atomic<int> resumed = 0;
};

/// A GET with a tail, and its body.
struct Tail {
  explicit Tail(TailControl& control, std::uint64_t object = 10) : get(control.begin(object, false)) {}
  Step next(bool wanted = false) { return get->next_page({.wanted = wanted, .speculative = true}, body); }

  std::shared_ptr<CountingBody> body = std::make_shared<CountingBody>();
  std::unique_ptr<TailControl::Get> get;
};

class TailControlTest : public testing::Test {
 protected:
  /// Of a reader whose bytes are coming.
  std::unique_ptr<TailControl::Get> receiving() {
    auto get = control->begin(1, true);
    EXPECT_EQ(get->next_page({.wanted = true}, {}), Step::run);
    return get;
  }
  std::int64_t paused() { return metrics.gauge("seekfs_origin_paused_transfers", "").value(); }
  std::uint64_t count(const std::string& name) { return metrics.counter(name, "").value(); }

  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  std::shared_ptr<TailControl> control = std::make_shared<TailControl>(TailLimits{}, timers, metrics);
};

TEST_F(TailControlTest, TheEndOfAReadersGetResumesAllTails) {
  auto reader = receiving();
  Tail first(*control);
  Tail second(*control, 20);
  EXPECT_EQ(first.next(), Step::pause);
  EXPECT_EQ(second.next(), Step::pause);
  EXPECT_EQ(paused(), 2);
  EXPECT_EQ(first.body->resumed, 0);
  reader.reset();
  EXPECT_EQ(first.body->resumed, 1);
  EXPECT_EQ(second.body->resumed, 1);
  EXPECT_EQ(first.next(), Step::run);
  EXPECT_EQ(paused(), 1);
  second.get.reset();
  EXPECT_EQ(paused(), 0);
  EXPECT_EQ(count("seekfs_origin_pauses_total"), 2U);
}

TEST_F(TailControlTest, AReaderWhoJoinsAPageRaisesTheGetThatBringsIt) {
  const auto reader = receiving();
  Tail first(*control);
  Tail second(*control, 20);
  control->joined(first.get->id());
  EXPECT_EQ(first.next(), Step::pause);
  EXPECT_EQ(second.next(), Step::pause);
  control->joined(reader->id());
  EXPECT_EQ(first.body->resumed, 0) << "another GET";
  control->joined(first.get->id());
  EXPECT_EQ(first.body->resumed, 1);
  EXPECT_EQ(second.body->resumed, 0);
  EXPECT_EQ(count("seekfs_origin_raises_total"), 1U);
  EXPECT_EQ(first.next(true), Step::run);
}

TEST_F(TailControlTest, TheBodyOfAnotherTryIsTheOneThatIsResumed) {
  const auto reader = receiving();
  Tail tail(*control);
  EXPECT_EQ(tail.next(), Step::pause);
  const auto broken = std::exchange(tail.body, std::make_shared<CountingBody>());
  EXPECT_EQ(tail.next(), Step::pause);
  EXPECT_EQ(paused(), 1);
  control->joined(tail.get->id());
  EXPECT_EQ(broken->resumed, 0);
  EXPECT_EQ(tail.body->resumed, 1);
}

TEST_F(TailControlTest, ALongPauseEndsByTheClock) {
  const auto reader = receiving();
  Tail tail(*control);
  EXPECT_EQ(tail.next(), Step::pause);
  clock.advance(TailLimits().longest_pause);
  EXPECT_EQ(tail.body->resumed, 1);
  EXPECT_EQ(tail.next(), Step::run);
  EXPECT_EQ(tail.next(), Step::pause);
  clock.advance(TailLimits().longest_pause);
  EXPECT_EQ(tail.body->resumed, 2);
}

TEST_F(TailControlTest, AWantedPermitEndsOneTailAndAClosedControlAll) {
  const auto reader = receiving();
  Tail first(*control);
  Tail second(*control, 20);
  EXPECT_EQ(first.next(), Step::pause);
  EXPECT_EQ(second.next(), Step::pause);
  first.get->page_done(false);
  second.get->page_done(false);
  control->permit_wanted();
  EXPECT_EQ(first.body->resumed + second.body->resumed, 1);
  Tail& ended = first.body->resumed == 1 ? first : second;
  Tail& other = first.body->resumed == 1 ? second : first;
  EXPECT_EQ(ended.next(), Step::end);
  EXPECT_EQ(count("seekfs_origin_tails_ended_total"), 1U);
  control->close();
  EXPECT_EQ(other.body->resumed, 1);
  EXPECT_EQ(other.next(), Step::end);
}

TEST_F(TailControlTest, MayGoWhileItsTimerIsSet) {
  auto reader = receiving();
  auto tail = std::make_unique<Tail>(*control);
  EXPECT_EQ(tail->next(), Step::pause);
  tail.reset();
  reader.reset();
  control.reset();
  EXPECT_EQ(timers.pending(), 0U);
  clock.advance(seconds(10));
}

/// As the sink does it: what counts is that a reader who joins while a GET pauses is never left behind.
TEST_F(TailControlTest, NoReaderIsLeftBehindByAPauseThatBeginsAtThatMoment) {
  const auto reader = receiving();
  for (int round = 0; round < 300; ++round) {
    Tail tail(*control);
    Mutex mutex;  // as the table of flights has it
    bool waits = false;
    const auto somebody_waits = [&] {
      MutexLock lock(mutex);
      return waits;
    };
    std::jthread joining([&] {
      {
        MutexLock lock(mutex);
        waits = true;
      }
      control->joined(tail.get->id());
    });
    Step step = tail.next(somebody_waits());
    if (step == Step::pause && somebody_waits()) step = tail.next(true);
    joining.join();
    ASSERT_TRUE(step == Step::run || tail.body->resumed > 0);
  }
}

}  // namespace
}  // namespace seekfs::fetch
