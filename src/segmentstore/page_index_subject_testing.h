// What the cases of the PageIndex contract share: fingerprints whose places follow from a number, and an index to test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "env/temp_directory_testing.h"
#include "segmentstore/page_index_contract_testing.h"

namespace seekfs::segmentstore::index_testing {

inline constexpr std::uint64_t store = 0x1122334455667788U;

inline Fingerprint print_of(std::uint64_t number) {
  std::uint64_t word = (number + 1) * 0x9E3779B97F4A7C15U;
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  return word ^ (word >> 27U);
}

inline Location place_of(std::uint64_t number) {
  return {.segment = static_cast<SegmentNumber>(1 + number % 7), .offset = number * 4096 + 8};
}

inline SegmentSummary summary_of(SegmentNumber number) {
  return {.number = number, .sealed = number % 2 == 0, .data_end = number * 1000, .live_bytes = 77, .live_pages = 3};
}

inline const std::set<SegmentNumber> all_segments = {1, 2, 3, 4, 5, 6, 7, 8, 9, max_segment_number};

/// A directory and the index in it, as a store has them.
class Subject {
 public:
  explicit Subject(const OpenIndex& open) : open_(open) {
    reopen();
    EXPECT_EQ(index().load(all_segments).error().code, ErrorCode::not_found);
  }
  PageIndex& index() { return *index_; }
  PageIndex* operator->() { return index_.get(); }
  const std::string& path() const { return directory_.path(); }

  void close() { index_.reset(); }
  void reopen(std::uint64_t store_id = store) {
    index_.reset();
    index_ = open_(directory_.path(), store_id);
    if (!index_) throw std::runtime_error("the index can't be opened");
  }

 private:
  const OpenIndex& open_;
  env::TempDirectory directory_;
  std::unique_ptr<PageIndex> index_;
};

inline void insert(PageIndex& index, std::uint64_t number) {
  const auto before = index.insert(print_of(number), place_of(number));
  ASSERT_TRUE(before) << before.error().message;
}

inline bool found(const PageIndex& index, std::uint64_t number) {
  const auto quick = index.try_find(print_of(number));
  const auto location = index.find(print_of(number));
  EXPECT_TRUE(!quick || quick->location == location) << number;
  if (location) {
    EXPECT_EQ(*location, place_of(number)) << number;
    EXPECT_TRUE(index.may_contain(print_of(number))) << number;
  }
  return location.has_value();
}

inline void save(PageIndex& index, std::vector<SegmentSummary> segments = {}) {
  const Status saved = index.save(segments);
  ASSERT_TRUE(saved) << saved.error().message;
}

}  // namespace seekfs::segmentstore::index_testing
