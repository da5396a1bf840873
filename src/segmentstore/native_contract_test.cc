// The native index under the contract of every index, and with damaged files.
#include <gtest/gtest.h>

#include "segmentstore/page_index.h"
#include "segmentstore/page_index_contract_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

std::unique_ptr<PageIndex> open_native(const std::string& directory, std::uint64_t store_id) {
  return make_native_index(env::posix_file_system(), directory, store_id);
}

class NativeContract : public testing::TestWithParam<PageIndexCase> {};
TEST_P(NativeContract, Holds) { GetParam().run(open_native); }
INSTANTIATE_TEST_SUITE_P(Index, NativeContract, testing::ValuesIn(page_index_cases()), page_index_case_name);

TEST(NativeIndex, SurvivesDamage) {
  constexpr std::uint64_t seeds = 200 / sanitized_divisor;
  EXPECT_GT(run_damage(open_native, 1, seeds), seeds / 4);
}

}  // namespace
}  // namespace seekfs::segmentstore
