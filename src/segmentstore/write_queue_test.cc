// The queue of offered pages: order, bounds, what is found in it, and removal at each stage.
#include "segmentstore/write_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "segmentstore/tier_testing.h"

namespace seekfs::segmentstore {
namespace {

using Answer = WriteQueue::Answer;

Offer offer_of(std::uint32_t number) {
  const manifest::PageKey key = tier_key(number);
  return {{key, 0, tier_page(key)}, std::nullopt};
}

std::vector<std::uint32_t> page_ids(const std::vector<Offer>& batch) {
  std::vector<std::uint32_t> ids;
  ids.reserve(batch.size());
  for (const Offer& offer : batch) ids.push_back(offer.page.key.page_id);
  return ids;
}

TEST(WriteQueue, GivesBatchesInOrderOfArrival) {
  WriteQueue queue(100 * tier_page_size);
  EXPECT_TRUE(queue.take_batch(1).empty());
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(queue.offer(offer_of(i)), Answer::taken);
  EXPECT_EQ(page_ids(queue.take_batch(2 * tier_page_size)), (std::vector<std::uint32_t>{0, 1}));
  queue.finish_batch();
  EXPECT_EQ(page_ids(queue.take_batch(1)), (std::vector<std::uint32_t>{2})) << "one at least, however large";
  queue.finish_batch();
  EXPECT_EQ(page_ids(queue.take_batch(100 * tier_page_size)), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.has_waiting());
  queue.finish_batch();
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, RefusesWhatItHasAndWhatItHasNoRoomFor) {
  WriteQueue queue(2 * tier_page_size);
  EXPECT_EQ(queue.offer(offer_of(0)), Answer::taken);
  EXPECT_EQ(queue.offer(offer_of(0)), Answer::known);
  EXPECT_EQ(queue.offer(offer_of(1)), Answer::taken);
  EXPECT_EQ(queue.offer(offer_of(2)), Answer::full);
  (void)queue.take_batch(tier_page_size);
  EXPECT_EQ(queue.offer(offer_of(0)), Answer::known) << "it is being written";
  EXPECT_EQ(queue.offer(offer_of(2)), Answer::full) << "what is being written counts";
  queue.finish_batch();
  EXPECT_EQ(queue.offer(offer_of(2)), Answer::taken);
}

TEST(WriteQueue, TakesOnePageThatIsLargerThanItself) {
  WriteQueue queue(1);
  EXPECT_EQ(queue.offer(offer_of(0)), Answer::taken);
  EXPECT_EQ(queue.offer(offer_of(1)), Answer::full);
}

TEST(WriteQueue, FindsPagesUntilTheirBatchIsFinished) {
  WriteQueue queue(100 * tier_page_size);
  EXPECT_FALSE(queue.find(tier_key(0)).page);
  queue.offer(offer_of(0));
  EXPECT_TRUE(queue.find(tier_key(0)).page);
  const auto batch = queue.take_batch(1);
  EXPECT_TRUE(queue.find(tier_key(0)).page);
  EXPECT_FALSE(queue.find(tier_key(1)).page);
  queue.finish_batch();
  EXPECT_FALSE(queue.find(tier_key(0)).page);
  EXPECT_TRUE(batch.front().page.page.is_only_holder()) << "nobody but the batch holds the page";
}

TEST(WriteQueue, ForgetsWhatIsRemoved) {
  WriteQueue queue(2 * tier_page_size);
  queue.offer(offer_of(0));
  queue.offer(offer_of(1));
  queue.remove(tier_key(0));
  EXPECT_FALSE(queue.find(tier_key(0)).page);
  EXPECT_EQ(queue.offer(offer_of(2)), Answer::taken) << "its room is free again";
  EXPECT_EQ(page_ids(queue.take_batch(100 * tier_page_size)), (std::vector<std::uint32_t>{1, 2}));
}

TEST(WriteQueue, SaysWhatWasRemovedWhileItWasWritten) {
  WriteQueue queue(100 * tier_page_size);
  queue.offer(offer_of(0));
  (void)queue.take_batch(1);
  queue.remove(tier_key(0));
  EXPECT_FALSE(queue.find(tier_key(0)).page);
  EXPECT_TRUE(queue.find(tier_key(0)).removed);
  EXPECT_EQ(queue.removed_meanwhile(), std::vector{tier_key(0)});
  EXPECT_EQ(queue.offer(offer_of(0)), Answer::taken) << "a new one may follow";
  EXPECT_TRUE(queue.find(tier_key(0)).page);
  queue.finish_batch();
  EXPECT_EQ(queue.take_batch(1).size(), 1U);
  EXPECT_TRUE(queue.removed_meanwhile().empty());
}

TEST(WriteQueue, DropsWhatWaitsButNotWhatIsBeingWritten) {
  WriteQueue queue(100 * tier_page_size);
  for (std::uint32_t i = 0; i < 3; ++i) queue.offer(offer_of(i));
  (void)queue.take_batch(1);
  EXPECT_EQ(queue.drop_waiting(), 2U);
  EXPECT_TRUE(queue.find(tier_key(0)).page);
  EXPECT_FALSE(queue.find(tier_key(1)).page);
}

TEST(WriteQueue, IsSettledOnceAllOfBeforeIsWrittenOrGone) {
  WriteQueue queue(100 * tier_page_size);
  queue.wait_settled();
  for (std::uint32_t i = 0; i < 3; ++i) queue.offer(offer_of(i));
  std::atomic<bool> settled{false};
  std::thread waiter([&] {
    queue.wait_settled();
    EXPECT_TRUE(settled) << "page 2 was not written yet";
  });
  (void)queue.take_batch(tier_page_size);
  queue.finish_batch();
  queue.remove(tier_key(1));
  (void)queue.take_batch(tier_page_size);
  settled = true;
  queue.finish_batch();
  waiter.join();
}

}  // namespace
}  // namespace seekfs::segmentstore
