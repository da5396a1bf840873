// Hints on a whole node in memory: order, demand first, what is told, limits, and how a prefetch is ended from outside.
#include "reader/hints.h"

#include <boost/asio/post.hpp>

#include <future>
#include <thread>

#include "reader/hints_testing.h"

namespace seekfs::reader {
namespace {

TEST_F(HintsTest, PagesAreFetchedInTheOrderOfTheHintAndReadsAreHitsThereafter) {
  begin();
  publish({{"a", 3 * page_size, page_size},
           {"b", 4 * page_size + 5, page_size},
           {"dir/c", page_size, page_size},
           {"dir/d", 10, page_size},
           {"empty", 0, page_size}});
  const HintStatus status =
      prefetch({file("b", {{2 * page_size + 1, 2 * page_size}, {0, 1}}), file("empty"), below("dir/"), file("a")});
  EXPECT_EQ(status.state, HintState::done) << status.detail;
  EXPECT_EQ(status.ns, "demo");
  EXPECT_EQ(status.version, 1U);
  EXPECT_EQ(status.epoch, 7U);
  EXPECT_EQ(status.items, 4U);
  EXPECT_TRUE(status.counted);
  EXPECT_EQ(status.wanted.pages, 3U + 1U + 2U + 3U);
  EXPECT_EQ(status.wanted.bytes, 2 * page_size + 5 + page_size + page_size + 10 + 3 * page_size);
  EXPECT_EQ(status.resident.pages, status.wanted.pages);
  EXPECT_EQ(status.resident.bytes, status.wanted.bytes);
  EXPECT_EQ(status.fetched.bytes, status.wanted.bytes);
  EXPECT_EQ(status.failed.pages, 0U);
  EXPECT_EQ(asked_files(), "b b dir/c dir/d a ");
  EXPECT_EQ(node->read("demo", "a", 0, 3 * page_size), oracle("a", 1, 0, 3 * page_size));
  EXPECT_EQ(node->read("demo", "b", 2 * page_size, page_size), oracle("b", 1, 2 * page_size, page_size));
  EXPECT_EQ(asked_count(), 5U) << "the reads were hits";
  const HintStatus again = prefetch({file("a")});
  EXPECT_EQ(again.fetched.pages, 0U);
  EXPECT_EQ(again.resident.pages, 3U);
  expect_idle(*node);
}

TEST_F(HintsTest, DemandGoesFirst) {
  begin();
  publish({{"a", page_size, page_size}, {"b", page_size, page_size}, {"c", page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string id = hints->add({.windows = {file("a"), file("b")}, .ttl = {}}, opened).value().id;
  wait_for_flights(2);
  std::thread reader([&] { EXPECT_EQ(node->read("demo", "c", 0, 3), oracle("c", 1, 0, 3)); });
  wait_for_flights(3);
  held.reset();
  reader.join();
  EXPECT_EQ(wait_for_end(id).state, HintState::done);
  EXPECT_EQ(asked_files(), "c a b ");
}

TEST_F(HintsTest, AHintOfHigherPriorityGoesBeforeTheOthers) {
  TestNodeOptions options = one_by_one();
  begin(options, {.window_pages = 1});
  publish({{"a", page_size, page_size}, {"b", page_size, page_size}, {"c", page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string low = hints->add({.windows = {file("a"), file("b")}, .ttl = {}}, opened).value().id;
  wait_for_flights(1);
  const std::string high = hints->add({.priority = 1, .windows = {file("c")}, .ttl = {}}, opened).value().id;
  EXPECT_EQ(hints->find(high)->state, HintState::waiting);
  held.reset();
  EXPECT_EQ(wait_for_end(low).state, HintState::done);
  EXPECT_EQ(wait_for_end(high).state, HintState::done);
  EXPECT_EQ(asked_files(), "a c b ");
}

class HintsWithALongList : public HintsTest {
 protected:
  using Phase = bool (*)(const HintStatus&);

  /// On the prefetcher's own thread, between its turns: adds the second hint when the first is in the phase, then looks
  /// until one of the two has ended.
  void step_in(const std::string& first, Phase phase, const VersionRef& opened) {
    boost::asio::post(node->background.executor(), [this, first, phase, opened] {
      const HintStatus before = hints->find(first).value();
      if (second.empty() && (phase(before) || is_final(before.state))) {
        before_second = before;
        second = hints->add({.priority = 1, .windows = {file("f1")}, .ttl = {}}, opened).value().id;
      }
      if (!second.empty()) {
        after_second = hints->find(second).value();
        if (is_final(before.state) || is_final(after_second.state)) return first_at_end.set_value(before);
      }
      step_in(first, phase, opened);
    });
  }

  void expect_second_overtakes(Phase phase) {
    begin();
    std::vector<manifest::OracleFile> files;
    for (int i = 0; i < 64; ++i) files.push_back({"f" + std::to_string(i), 10, page_size});
    publish(files);
    prefetch({below("")});
    const VersionRef opened = version();
    std::string first;
    boost::asio::post(node->background.executor(), [&] {
      first = hints->add({.windows = std::vector<HintWindow>(1024, below("")), .ttl = {}}, opened).value().id;
      step_in(first, phase, opened);
    });
    const HintStatus overtaken = first_at_end.get_future().get();
    EXPECT_TRUE(phase(before_second)) << "the first hint was faster than the eye";
    EXPECT_FALSE(is_final(overtaken.state));
    EXPECT_EQ(after_second.state, HintState::done);
    const HintStatus ended = wait_for_end(first);
    EXPECT_EQ(ended.state, HintState::done) << ended.detail;
    EXPECT_EQ(ended.wanted.pages, 1024U * 64U);
    EXPECT_EQ(ended.resident.pages, ended.wanted.pages);
    EXPECT_EQ(ended.resident.bytes, ended.wanted.bytes);
  }

  std::string second;
  HintStatus before_second;
  HintStatus after_second;
  std::promise<HintStatus> first_at_end;
};

TEST_F(HintsWithALongList, IsOvertakenWhileItIsCounted) {
  expect_second_overtakes([](const HintStatus& first) { return first.wanted.pages > 0 && !first.counted; });
}

TEST_F(HintsWithALongList, IsOvertakenWhileItsPagesAreLookedUp) {
  expect_second_overtakes(
      [](const HintStatus& first) { return first.resident.pages > 0 && first.resident.pages < first.wanted.pages; });
}

TEST_F(HintsWithALongList, IsOvertakenWhileItIsSummedUp) {
  expect_second_overtakes([](const HintStatus& first) {
    return first.counted && first.resident.pages == first.wanted.pages && !is_final(first.state);
  });
}

TEST_F(HintsTest, WhatCannotBeReadIsToldByItemAndTheRestIsRead) {
  begin();
  publish({{"a", page_size, page_size}, {"b", 2 * page_size, page_size}, {"c", page_size, page_size}});
  for (const auto& [key, path] : keys) {
    if (path == "b") node->remove(key);
  }
  const HintStatus status =
      prefetch({file("gone"), file("a", {{page_size + 1, 1}, {0, 5}}), file("b"), below("c"), below("none/")});
  EXPECT_EQ(status.state, HintState::done);
  EXPECT_EQ(status.wanted.pages, 4U);
  EXPECT_EQ(status.resident.pages, 2U);
  EXPECT_EQ(status.failed.pages, 2U);
  EXPECT_EQ(status.failed.bytes, 2 * page_size);
  ASSERT_EQ(status.errors.size(), 3U);
  EXPECT_EQ(status.error_count, 3U);
  EXPECT_EQ(status.errors[0].index, 0U);
  EXPECT_EQ(status.errors[0].path, "gone");
  EXPECT_EQ(status.errors[0].code, ErrorCode::not_found);
  EXPECT_EQ(status.errors[1].index, 1U);
  EXPECT_EQ(status.errors[1].code, ErrorCode::range_not_satisfiable);
  EXPECT_EQ(status.errors[2].index, 2U);
  EXPECT_EQ(status.errors[2].path, "b");
  EXPECT_EQ(status.errors[2].code, ErrorCode::source_changed);
  expect_idle(*node);
}

TEST_F(HintsTest, ACancelledHintIsForgottenAndWhatWasNotSentIsGivenUp) {
  begin();
  publish({{"a", 3 * page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string id = hints->add({.windows = {file("a")}, .ttl = {}}, opened).value().id;
  wait_for_flights(3);
  EXPECT_EQ(hints->cancel(id)->state, HintState::cancelled);
  EXPECT_EQ(hints->find(id).error().code, ErrorCode::not_found);
  EXPECT_EQ(hints->cancel(id).error().code, ErrorCode::not_found);
  while (node->metrics.gauge("seekfs_hints_active", "").value() > 0) std::this_thread::yield();
  held.reset();
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(asked_count(), 0U);
  EXPECT_EQ(node->memory.used(cache::MemoryUse::replies), 0U);
  expect_idle(*node);
}

TEST_F(HintsTest, AHintIsForgottenWhenItsTimeIsOver) {
  begin();
  publish({{"a", page_size, page_size}});
  const std::string ended = add({file("a")}, 0, seconds(30)).value().id;
  EXPECT_EQ(wait_for_end(ended).state, HintState::done);
  const VersionRef opened = version();
  node->l1.shrink(1U << 30U);
  shut_gate();
  const std::string waiting = hints->add({.windows = {file("a")}, .ttl = seconds(20)}, opened).value().id;
  wait_for_flights(1);
  node->clock.advance(seconds(5));
  EXPECT_EQ(hints->find(waiting)->expires_in, seconds(15));
  node->clock.advance(seconds(16));
  while (hints->find(waiting)) std::this_thread::yield();
  EXPECT_TRUE(hints->find(ended));
  node->clock.advance(seconds(10));
  while (hints->find(ended)) std::this_thread::yield();
  held.reset();
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(asked_count(), 1U) << "the second one was not sent";
}

TEST_F(HintsTest, LimitsAreRefusalsThatNameThem) {
  begin(one_by_one(),
        {.max_ttl = milliseconds(1000), .max_active = 1, .max_records = 2, .max_items = 3, .max_list_bytes = 4096});
  publish({{"a", page_size, page_size}});
  EXPECT_EQ(add({}).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a")}, 101).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a")}, 0, milliseconds(0)).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a")}, 0, milliseconds(1001)).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a", {{0, 1}, {1, 1}, {2, 1}})}).error().code, ErrorCode::too_large);
  const auto too_long = add({below(std::string(5000, 'x'))}, 0, milliseconds(1000));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::throttled);

  const std::string first = add({file("a")}, 0, milliseconds(900)).value().id;
  EXPECT_EQ(wait_for_end(first).state, HintState::done);
  const std::string second = add({file("a")}, 0, milliseconds(900)).value().id;
  EXPECT_EQ(wait_for_end(second).state, HintState::done);
  node->l1.shrink(1U << 30U);
  const VersionRef opened = version();
  shut_gate();
  const std::string third = hints->add({.windows = {file("a")}, .ttl = milliseconds(900)}, opened).value().id;
  EXPECT_FALSE(hints->find(first)) << "the oldest that had ended gave way";
  EXPECT_TRUE(hints->find(second));
  const auto refused = hints->add({.windows = {file("a")}, .ttl = milliseconds(900)}, opened);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::throttled);
  EXPECT_TRUE(refused.error().retry_after);
  held.reset();
  EXPECT_EQ(wait_for_end(third).state, HintState::done);
}

TEST_F(HintsTest, AnOriginThatIsAwayPausesAllAndIsProbedNotStormed) {
  begin(one_by_one(), {.max_ttl = for_ever});
  publish({{"a", 40 * page_size, page_size}, {"b", page_size, page_size}});
  const VersionRef opened = version();
  away = true;
  const std::string id = hints->add({.windows = {file("a"), file("b")}, .ttl = for_ever}, opened).value().id;
  wait_for_state(id, HintState::paused);
  EXPECT_NE(hints->find(id)->detail.find("it is away"), std::string::npos) << hints->find(id)->detail;
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  const std::size_t first_wave = asked_count();
  EXPECT_LE(first_wave, 2U);
  for (int i = 0; i < 60; ++i) {
    node->clock.advance(seconds(1));
    std::this_thread::yield();
  }
  EXPECT_LE(asked_count(), first_wave + 60U) << "at most one probe a pause";
  away = false;
  while (!is_final(hints->find(id)->state)) node->clock.advance(milliseconds(100));
  const HintStatus status = hints->find(id).value();
  EXPECT_EQ(status.state, HintState::done);
  EXPECT_EQ(status.resident.pages, 41U);
  EXPECT_EQ(status.failed.pages, 0U);
  EXPECT_EQ(status.error_count, 0U);
  expect_idle(*node);
}

TEST_F(HintsTest, AnOriginThatRefusesUsEndsTheHint) {
  begin();
  publish({{"a", page_size, page_size}, {"b", page_size, page_size}});
  const VersionRef opened = version();
  node->set_faults(on_data([] { return objectstore::StoreFault{.fail_before = Error(ErrorCode::denied, "no")}; }));
  const HintStatus status = wait_for_end(hints->add({.windows = {file("a"), file("b")}, .ttl = {}}, opened)->id);
  EXPECT_EQ(status.state, HintState::failed);
  EXPECT_FALSE(status.detail.empty());
  EXPECT_EQ(status.errors.at(0).code, ErrorCode::origin_denied);
}

TEST_F(HintsTest, AShutdownEndsAllAndTakesNoMore) {
  begin();
  publish({{"a", page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string id = hints->add({.windows = {file("a")}, .ttl = {}}, opened).value().id;
  wait_for_flights(1);
  hints->shutdown();
  EXPECT_EQ(hints->find(id)->state, HintState::cancelled);
  EXPECT_EQ(hints->add({.windows = {file("a")}, .ttl = {}}, opened).error().code, ErrorCode::cancelled);
  held.reset();
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(asked_count(), 0U);
  expect_idle(*node);
}

}  // namespace
}  // namespace seekfs::reader
