// The cases of the PageIndex contract. A fingerprint's place is a function of it, so any test knows what find must
// give.
#include "segmentstore/page_index_contract_testing.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include "segmentstore/page_index_subject_testing.h"

namespace seekfs::segmentstore {
namespace {

using namespace index_testing;
namespace fs = std::filesystem;

void finds_what_was_inserted(const OpenIndex& open) {
  Subject subject(open);
  EXPECT_FALSE(found(subject.index(), 0));
  EXPECT_FALSE(subject->may_contain(print_of(0)));
  for (std::uint64_t i = 0; i < 5000; ++i) insert(subject.index(), i);
  for (std::uint64_t i = 0; i < 5000; ++i) EXPECT_TRUE(found(subject.index(), i));
  EXPECT_FALSE(found(subject.index(), 5000));
  EXPECT_EQ(subject->size(), 5000U);
  EXPECT_GT(subject->memory_bytes(), 0U);
}

void takes_every_fingerprint_and_place(const OpenIndex& open) {
  Subject subject(open);
  std::vector<std::pair<Fingerprint, Location>> odd;
  for (const Fingerprint print : {Fingerprint{0}, Fingerprint{1}, ~Fingerprint{0}, Fingerprint{1} << 63U}) {
    odd.emplace_back(print, Location{.segment = 1, .offset = 0});
    odd.emplace_back(print, Location{.segment = max_segment_number, .offset = max_segment_size - record_alignment});
  }
  for (const bool reopened : {false, true}) {
    for (const auto& [print, place] : odd) {
      ASSERT_TRUE(subject->insert(print, place));
      if (reopened) {
        save(subject.index());
        subject.reopen();
        ASSERT_TRUE(subject->load(all_segments));
      }
      EXPECT_EQ(subject->find(print), place);
    }
  }
  EXPECT_EQ(subject->size(), 4U);
}

void insert_tells_where_it_was(const OpenIndex& open) {
  Subject subject(open);
  EXPECT_EQ(subject->insert(print_of(1), place_of(1)).value(), std::nullopt);
  EXPECT_EQ(subject->insert(print_of(1), place_of(2)).value(), place_of(1));
  EXPECT_EQ(subject->insert(print_of(1), place_of(2)).value(), place_of(2));
  EXPECT_EQ(subject->find(print_of(1)), place_of(2));
  EXPECT_EQ(subject->size(), 1U);
}

void erases_only_what_points_there(const OpenIndex& open) {
  Subject subject(open);
  insert(subject.index(), 1);
  EXPECT_FALSE(subject->erase(print_of(1), place_of(2)));
  EXPECT_FALSE(subject->erase(print_of(2), place_of(2)));
  EXPECT_TRUE(found(subject.index(), 1));
  EXPECT_TRUE(subject->erase(print_of(1), place_of(1)));
  EXPECT_FALSE(subject->erase(print_of(1), place_of(1)));
  EXPECT_FALSE(found(subject.index(), 1));
  EXPECT_FALSE(subject->may_contain(print_of(1)));
  EXPECT_EQ(subject->size(), 0U);
}

void moves_only_what_points_there(const OpenIndex& open) {
  Subject subject(open);
  insert(subject.index(), 1);
  subject->mark_read(print_of(1));
  EXPECT_FALSE(subject->move(print_of(1), place_of(2), place_of(3)));
  EXPECT_FALSE(subject->move(print_of(2), place_of(2), place_of(3)));
  EXPECT_EQ(subject->find(print_of(1)), place_of(1));
  EXPECT_TRUE(subject->move(print_of(1), place_of(1), place_of(3)));
  EXPECT_EQ(subject->find(print_of(1)), place_of(3));
  const auto entries = subject->entries_of(place_of(3).segment);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_FALSE(entries[0].was_read) << "a page that was carried over is unread";
  EXPECT_TRUE(subject->entries_of(place_of(1).segment).empty());
  EXPECT_EQ(subject->size(), 1U);
}

void remembers_reads(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 7; ++i) insert(subject.index(), 7 * i);  // all in segment 1
  subject->mark_read(print_of(7));
  subject->mark_read(print_of(700));  // is not there
  for (const IndexEntry& entry : subject->entries_of(1)) {
    EXPECT_EQ(entry.was_read, entry.fingerprint == print_of(7));
  }
  ASSERT_TRUE(subject->insert(print_of(7), place_of(14)));
  for (const IndexEntry& entry : subject->entries_of(1)) EXPECT_FALSE(entry.was_read) << "it was written anew";
}

/// Entries that were saved, changed since, and never saved, beside each other.
void lists_a_segment_by_offset(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 700; i += 2) insert(subject.index(), i);
  save(subject.index());
  for (std::uint64_t i = 1; i < 700; i += 2) insert(subject.index(), i);
  EXPECT_TRUE(subject->erase(print_of(3), place_of(3)));
  EXPECT_TRUE(subject->move(print_of(10), place_of(10), {.segment = 9, .offset = 80}));
  const auto entries = subject->entries_of(4);
  EXPECT_EQ(entries.size(), 98U);
  EXPECT_TRUE(std::ranges::is_sorted(entries, {}, [](const IndexEntry& one) { return one.location.offset; }));
  for (const IndexEntry& entry : entries) {
    EXPECT_EQ(entry.location.segment, 4U);
    EXPECT_EQ(subject->find(entry.fingerprint), entry.location);
  }
  ASSERT_EQ(subject->entries_of(9).size(), 1U);
  EXPECT_EQ(subject->entries_of(9)[0].fingerprint, print_of(10));
  EXPECT_TRUE(subject->entries_of(8).empty());
}

void forgets_a_segment(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 350; ++i) insert(subject.index(), i);
  save(subject.index());
  for (std::uint64_t i = 350; i < 700; ++i) insert(subject.index(), i);
  EXPECT_EQ(subject->erase_segment(3), 100U);
  EXPECT_EQ(subject->erase_segment(3), 0U);
  EXPECT_EQ(subject->erase_segment(8), 0U);
  EXPECT_EQ(subject->size(), 600U);
  for (std::uint64_t i = 0; i < 700; ++i) EXPECT_EQ(found(subject.index(), i), i % 7 != 2) << i;
  save(subject.index());
  subject.reopen();
  ASSERT_TRUE(subject->load(all_segments));
  for (std::uint64_t i = 0; i < 700; ++i) EXPECT_EQ(found(subject.index(), i), i % 7 != 2) << i;
  EXPECT_EQ(subject->size(), 600U);
}

void clear_forgets_all(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 100; ++i) insert(subject.index(), i);
  save(subject.index());
  insert(subject.index(), 100);
  subject->clear();
  EXPECT_EQ(subject->size(), 0U);
  for (std::uint64_t i = 0; i <= 100; ++i) EXPECT_FALSE(found(subject.index(), i));
  EXPECT_TRUE(subject->entries_of(1).empty());
  insert(subject.index(), 5);
  save(subject.index());
  subject.reopen();
  ASSERT_TRUE(subject->load(all_segments));
  EXPECT_EQ(subject->size(), 1U);
  EXPECT_TRUE(found(subject.index(), 5));
  EXPECT_FALSE(found(subject.index(), 6));
}

void saves_and_loads(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 10'000; ++i) insert(subject.index(), i);
  const std::vector<SegmentSummary> segments = {summary_of(1), summary_of(2), summary_of(max_segment_number)};
  save(subject.index(), segments);
  for (int round = 0; round < 3; ++round) {
    subject.reopen();
    const auto loaded = subject->load(all_segments);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(*loaded, segments);
    EXPECT_EQ(subject->size(), 10'000U);
    for (std::uint64_t i = 0; i < 10'000; ++i) ASSERT_TRUE(found(subject.index(), i)) << i;
    save(subject.index(), segments);
  }
}

void an_empty_save_loads(const OpenIndex& open) {
  Subject subject(open);
  save(subject.index());
  subject.reopen();
  const auto loaded = subject->load(all_segments);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(loaded->empty());
  EXPECT_EQ(subject->size(), 0U);
}

/// As after a kill: what came after the last save is gone, and nothing of it is left.
void loads_the_last_save_exactly(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 1000; ++i) insert(subject.index(), i);
  save(subject.index(), {summary_of(1)});
  for (std::uint64_t i = 1000; i < 2000; ++i) insert(subject.index(), i);
  EXPECT_TRUE(subject->erase(print_of(5), place_of(5)));
  EXPECT_TRUE(subject->move(print_of(6), place_of(6), place_of(7)));
  subject->erase_segment(5);
  subject.reopen();
  const auto loaded = subject->load(all_segments);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, std::vector{summary_of(1)});
  for (std::uint64_t i = 0; i < 2000; ++i) EXPECT_EQ(found(subject.index(), i), i < 1000) << i;
  EXPECT_EQ(subject->size(), 1000U);
}

void loads_nothing_of_segments_that_are_gone(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 700; ++i) insert(subject.index(), i);
  const std::vector<SegmentSummary> segments = {summary_of(1), summary_of(2), summary_of(3)};
  save(subject.index(), segments);
  subject.reopen();
  const auto loaded = subject->load({1, 4, 5, 6, 7, 8});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, segments);
  EXPECT_EQ(subject->size(), 500U);
  for (std::uint64_t i = 0; i < 700; ++i) EXPECT_EQ(found(subject.index(), i), i % 7 != 1 && i % 7 != 2) << i;
  EXPECT_TRUE(subject->entries_of(2).empty());
}

void an_index_of_another_store_is_corrupt(const OpenIndex& open) {
  Subject subject(open);
  insert(subject.index(), 1);
  save(subject.index(), {summary_of(1)});
  subject.reopen(store + 1);
  const auto loaded = subject->load(all_segments);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_EQ(subject->size(), 0U);
  EXPECT_FALSE(found(subject.index(), 1));
  insert(subject.index(), 2);
  save(subject.index());
  subject.reopen(store + 1);
  ASSERT_TRUE(subject->load(all_segments));
  EXPECT_TRUE(found(subject.index(), 2));
  EXPECT_FALSE(found(subject.index(), 1));
}

std::uint64_t disk_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    struct stat info{};
    if (::lstat(entry.path().c_str(), &info) == 0) bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

void takes_no_more_disk_than_it_says(const OpenIndex& open) {
  Subject subject(open);
  std::uint64_t next = 0;
  std::uint64_t oldest = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 2000; ++i) insert(subject.index(), next++);
    for (; round > 10 && oldest + 15'000 < next; ++oldest) {
      EXPECT_TRUE(subject->erase(print_of(oldest), place_of(oldest)));
    }
    const std::uint64_t bound = subject->disk_bytes_at_save();
    save(subject.index(), {summary_of(1), summary_of(2)});
    EXPECT_LE(disk_bytes(subject.path()), bound) << "round " << round;
  }
}

void wants_a_save_only_after_changes(const OpenIndex& open) {
  Subject subject(open);
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const auto inserted = subject->insert(print_of(i), place_of(i));
    ASSERT_TRUE(inserted) << inserted.error().message;
  }
  EXPECT_TRUE(subject->wants_save());
  save(subject.index());
  EXPECT_FALSE(subject->wants_save());
  EXPECT_EQ(subject->size(), 300'000U);
  for (std::uint64_t i = 0; i < 300'000; i += 1001) EXPECT_TRUE(found(subject.index(), i));
}

using Model = std::map<Fingerprint, Location>;

void expect_same(PageIndex& index, const Model& model, std::uint64_t numbers) {
  EXPECT_EQ(index.size(), model.size());
  for (std::uint64_t i = 0; i < numbers; ++i) {
    const auto wanted = model.find(print_of(i));
    const auto got = index.find(print_of(i));
    ASSERT_EQ(got, wanted == model.end() ? std::nullopt : std::optional(wanted->second)) << i;
  }
  std::size_t listed = 0;
  for (SegmentNumber segment = 1; segment <= 7; ++segment) {
    for (const IndexEntry& entry : index.entries_of(segment)) {
      ++listed;
      ASSERT_EQ(model.at(entry.fingerprint), entry.location);
    }
  }
  EXPECT_EQ(listed, model.size());
}

void answers_as_a_map(const OpenIndex& open) {
  constexpr std::uint64_t numbers = 300;
  Subject subject(open);
  std::mt19937_64 random(7);
  Model model;
  Model saved;
  save(subject.index());
  for (int step = 0; step < 20'000; ++step) {
    const Fingerprint print = print_of(random() % numbers);
    const Location place = place_of(random() % 3000);
    const auto known = model.find(print);
    const std::uint64_t what = random() % 1000;
    if (what < 500) {
      const auto before = subject->insert(print, place);
      ASSERT_TRUE(before);
      ASSERT_EQ(*before, known == model.end() ? std::nullopt : std::optional(known->second));
      model[print] = place;
    } else if (what < 700) {
      const Location there = known != model.end() && what % 2 == 0 ? known->second : place;
      const bool matches = known != model.end() && known->second == there;
      ASSERT_EQ(subject->erase(print, there), matches);
      if (matches) model.erase(known);
    } else if (what < 990) {
      const Location there = known != model.end() && what % 2 == 0 ? known->second : place;
      const bool matches = known != model.end() && known->second == there;
      ASSERT_EQ(subject->move(print, there, place_of(what)), matches);
      if (matches) known->second = place_of(what);
    } else if (what < 993) {
      ASSERT_EQ(subject->erase_segment(place.segment),
                std::erase_if(model, [&](const auto& one) { return one.second.segment == place.segment; }));
    } else if (what < 997) {
      save(subject.index());
      saved = model;
    } else if (what < 998) {
      subject.reopen();
      ASSERT_TRUE(subject->load(all_segments));
      model = saved;
    } else {
      expect_same(subject.index(), model, numbers);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  expect_same(subject.index(), model, numbers);
}

/// Readers find, mark and erase beside the one who changes and saves.
void serves_many_threads(const OpenIndex& open) {
  constexpr std::uint64_t numbers = 3000;
  Subject subject(open);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> erased{0};
  std::vector<std::thread> readers;
  for (std::uint64_t reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937_64 random(reader);
      while (!done) {
        const std::uint64_t number = random() % numbers;
        subject->may_contain(print_of(number));
        subject->mark_read(print_of(number));
        const auto location = subject->find(print_of(number));
        if (location) {
          EXPECT_EQ(*location, place_of(number));
        }
        if (number % 10 == 0 && subject->erase(print_of(number), place_of(number))) ++erased;
      }
    });
  }
  for (std::uint64_t i = 0; i < numbers; ++i) {
    insert(subject.index(), i);
    if (i % 500 == 499) save(subject.index());
    if (i % 700 == 699) {
      EXPECT_GT(subject->entries_of(1).size(), 0U);
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(subject->size() + erased, numbers);
  for (std::uint64_t i = 0; i < numbers; ++i) EXPECT_TRUE(i % 10 == 0 || found(subject.index(), i));
}

}  // namespace

std::vector<PageIndexCase> page_index_cases() {
  return {{"FindsWhatWasInserted", finds_what_was_inserted},
          {"TakesEveryFingerprintAndPlace", takes_every_fingerprint_and_place},
          {"InsertTellsWhereItWas", insert_tells_where_it_was},
          {"ErasesOnlyWhatPointsThere", erases_only_what_points_there},
          {"MovesOnlyWhatPointsThere", moves_only_what_points_there},
          {"RemembersReads", remembers_reads},
          {"ListsASegmentByOffset", lists_a_segment_by_offset},
          {"ForgetsASegment", forgets_a_segment},
          {"ClearForgetsAll", clear_forgets_all},
          {"SavesAndLoads", saves_and_loads},
          {"AnEmptySaveLoads", an_empty_save_loads},
          {"LoadsTheLastSaveExactly", loads_the_last_save_exactly},
          {"LoadsNothingOfSegmentsThatAreGone", loads_nothing_of_segments_that_are_gone},
          {"AnIndexOfAnotherStoreIsCorrupt", an_index_of_another_store_is_corrupt},
          {"TakesNoMoreDiskThanItSays", takes_no_more_disk_than_it_says},
          {"WantsASaveOnlyAfterChanges", wants_a_save_only_after_changes},
          {"AnswersAsAMap", answers_as_a_map},
          {"ServesManyThreads", serves_many_threads}};
}

std::string page_index_case_name(const testing::TestParamInfo<PageIndexCase>& info) { return info.param.name; }
std::ostream& operator<<(std::ostream& out, const PageIndexCase& one) { return out << one.name; }

}  // namespace seekfs::segmentstore
