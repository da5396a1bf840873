// What every PageIndex must do, as cases that the test program of each runs.
//
//   class NativeContract : public testing::TestWithParam<PageIndexCase> {};
//   TEST_P(NativeContract, Holds) { GetParam().run(open_native); }
//   INSTANTIATE_TEST_SUITE_P(Index, NativeContract, testing::ValuesIn(page_index_cases()), page_index_case_name);
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "segmentstore/page_index.h"

namespace seekfs::segmentstore {

/// Opens the index of a directory, which exists; no other one of it is open. Null fails the test.
using OpenIndex = std::function<std::unique_ptr<PageIndex>(const std::string& directory, std::uint64_t store_id)>;

struct PageIndexCase {
  std::string name;
  std::function<void(const OpenIndex&)> run;
};

std::vector<PageIndexCase> page_index_cases();
std::string page_index_case_name(const testing::TestParamInfo<PageIndexCase>& info);
std::ostream& operator<<(std::ostream& out, const PageIndexCase& one);

/// Damages the files of a saved index, once for each seed in [first, first + count): bits flipped, files cut, emptied,
/// deleted or put in another's place. Whatever load() says, no crash, no entry that was never there, and the index
/// works afterwards. The number of seeds for which load() saw it.
std::uint64_t run_damage(const OpenIndex& open, std::uint64_t first, std::uint64_t count);

}  // namespace seekfs::segmentstore
