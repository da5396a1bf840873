// The hash shard against a map, and snapshots on a simulated disk.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "env/simulated_disk_testing.h"
#include "segmentstore/hash_shard.h"
#include "segmentstore/page_index.h"

namespace seekfs::segmentstore {
namespace {

Location at(std::uint64_t number) { return {static_cast<SegmentNumber>(number % 5 + 1), number * record_alignment}; }

TEST(HashShard, DoesWhatAMapDoes) {
  HashShard shard;
  std::map<Fingerprint, Location> model;
  std::mt19937_64 random(1);
  for (std::uint64_t step = 0; step < 200'000; ++step) {
    // Few values, in the upper bits that choose the slot: long runs and many collisions.
    const Fingerprint print = (random() % 3000) << 44U;
    const Location place = at(step);
    switch (random() % 5) {
      case 0:
      case 1: {
        const auto before = shard.insert(print, IndexSlot::pack(place));
        const auto found = model.find(print);
        ASSERT_EQ(before, found == model.end() ? std::nullopt : std::optional(found->second));
        model[print] = place;
        break;
      }
      case 2: {
        const bool here = model.contains(print);
        ASSERT_EQ(shard.erase(print, here ? model[print] : place), here);
        model.erase(print);
        break;
      }
      case 3: {
        const bool here = model.contains(print);
        ASSERT_FALSE(shard.erase(print, {9, 8}));
        ASSERT_EQ(shard.move(print, here ? model[print] : place, place), here);
        if (here) model[print] = place;
        break;
      }
      default: {
        const auto found = model.find(print);
        ASSERT_EQ(shard.find(print), found == model.end() ? std::nullopt : std::optional(found->second));
      }
    }
    ASSERT_EQ(shard.size(), model.size());
    if (step % 20'000 == 19'999) {
      const auto gone = shard.erase_segment(3);
      ASSERT_EQ(gone, std::erase_if(model, [](const auto& entry) { return entry.second.segment == 3; }));
    }
  }
  for (const auto& [print, place] : model) ASSERT_EQ(shard.find(print), place);
}

TEST(HashShard, TakesAtMostThirtyBytesAPage) {
  HashShard shard;
  std::mt19937_64 random(2);
  for (std::uint64_t count = 1; count <= 100'000; ++count) {
    shard.insert(random(), IndexSlot::pack({1, 8 * count}));
    if (count > 1000) ASSERT_LE(shard.slots().size_bytes(), 31 * count) << count;
  }
}

TEST(HashShard, RemembersWhatWasReadUntilItMoves) {
  HashShard shard;
  shard.insert(5, IndexSlot::pack({1, 8}));
  const auto was_read = [&] {
    for (const IndexSlot& slot : shard.slots()) {
      if (!slot.empty()) return slot.was_read();
    }
    return false;
  };
  EXPECT_FALSE(was_read());
  shard.mark_read(5);
  shard.mark_read(6);
  EXPECT_TRUE(was_read());
  EXPECT_EQ(shard.find(5), (Location{1, 8}));
  shard.move(5, {1, 8}, {2, 16});
  EXPECT_FALSE(was_read());
}

TEST(HashShard, HoldsTheFarthestPlace) {
  HashShard shard;
  const Location far{max_segment_number, max_segment_size - record_alignment};
  shard.insert(1, IndexSlot::pack(far));
  EXPECT_EQ(shard.find(1), far);
}

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    EXPECT_TRUE(disk->make_directories("/index"));
    EXPECT_TRUE(disk->sync_directory("/"));
  }
  std::unique_ptr<PageIndex> index(std::uint64_t store_id = 77) { return make_native_index(*disk, "/index", store_id); }

  std::unique_ptr<env::SimulatedDisk> disk = env::make_simulated_disk(64U << 20U);
  const std::set<SegmentNumber> all{1, 2, 3, 4, 5};
};

TEST_F(SnapshotTest, ComesBack) {
  const std::vector<SegmentSummary> segments{{1, true, 1000, 900, 9}, {2, false, 10, 5, 1}};
  std::mt19937_64 random(3);
  std::map<Fingerprint, Location> model;
  const auto first = index();
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Fingerprint print = random();
    model[print] = at(i);
    ASSERT_TRUE(first->insert(print, at(i)));
  }
  first->mark_read(model.begin()->first);
  ASSERT_TRUE(first->save(segments));
  ASSERT_TRUE(first->save(segments));
  EXPECT_EQ(disk->list("/index")->size(), 1U) << "older snapshots stay";

  const auto second = index();
  EXPECT_EQ(second->load(all).value(), segments);
  EXPECT_EQ(second->size(), model.size());
  for (const auto& [print, place] : model) ASSERT_EQ(second->find(print), place);
  std::size_t read = 0;
  for (const SegmentNumber number : all) {
    for (const IndexEntry& entry : second->entries_of(number)) read += entry.was_read ? 1U : 0U;
  }
  EXPECT_EQ(read, 1U);
}

TEST_F(SnapshotTest, LeavesOutSegmentsThatAreGone) {
  const auto first = index();
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(first->insert(i << 50U | i, at(i)));
  ASSERT_TRUE(first->save({}));
  const auto second = index();
  ASSERT_TRUE(second->load({1, 3}));
  EXPECT_EQ(second->size(), 400U);
  EXPECT_TRUE(second->entries_of(2).empty());
}

TEST_F(SnapshotTest, TheOldOneStaysUntilTheNewOneIsDurable) {
  const auto first = index();
  ASSERT_TRUE(first->insert(1, at(1)));
  ASSERT_TRUE(first->save({}));
  ASSERT_TRUE(first->insert(2, at(2)));
  const std::uint64_t before = disk->operations();
  const auto saved = disk->after_kill();
  {
    const auto other = make_native_index(*saved, "/index", 77);
    ASSERT_TRUE(other->load(all));
    EXPECT_EQ(other->size(), 1U);
  }
  ASSERT_TRUE(first->save({}));
  const std::uint64_t steps = disk->operations() - before;
  ASSERT_GT(steps, 3U);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    const auto again = saved->after_kill();
    const auto writer = make_native_index(*again, "/index", 77);
    ASSERT_TRUE(writer->load(all));
    ASSERT_TRUE(writer->insert(2, at(2)));
    again->crash_at(again->operations() + step);
    EXPECT_FALSE(writer->save({})) << step;
    const auto after = again->after_crash(step);
    const auto reader = make_native_index(*after, "/index", 77);
    const auto loaded = reader->load(all);
    ASSERT_TRUE(loaded) << step << ": " << loaded.error().message;
    EXPECT_EQ(reader->find(1), at(1)) << step;
  }
}

TEST_F(SnapshotTest, AnotherStoresOrADamagedOneIsCorrupt) {
  const auto first = index();
  for (std::uint64_t i = 0; i < 10'000; ++i) ASSERT_TRUE(first->insert(i << 40U | i, at(i)));
  ASSERT_TRUE(first->save({}));
  EXPECT_EQ(index(78)->load(all).error().code, ErrorCode::corrupt);
  const std::string path = "/index/" + disk->list("/index")->front().name;
  const auto file = disk->open(path, {.write = true}).value();
  const std::uint64_t size = file->info()->size;
  std::mt19937_64 random(4);
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t offset = random() % size;
    std::array<std::byte, 1> byte{};
    ASSERT_TRUE(file->read_at(offset, byte));
    byte[0] ^= std::byte{16};
    ASSERT_TRUE(file->write_at(offset, byte));
    const auto damaged = index();
    EXPECT_EQ(damaged->load(all).error().code, ErrorCode::corrupt) << offset;
    EXPECT_EQ(damaged->size(), 0U);
    byte[0] ^= std::byte{16};
    ASSERT_TRUE(file->write_at(offset, byte));
  }
  EXPECT_TRUE(index()->load(all));
  ASSERT_TRUE(file->truncate(size / 2));
  EXPECT_EQ(index()->load(all).error().code, ErrorCode::corrupt);
  ASSERT_TRUE(file->truncate(0));
  EXPECT_EQ(index()->load(all).error().code, ErrorCode::corrupt);
  ASSERT_TRUE(disk->remove_file(path));
  EXPECT_EQ(index()->load(all).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace seekfs::segmentstore
