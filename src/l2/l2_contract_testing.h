// What every L2 must do, as cases that a tier's own test program runs.
//
//   class MemContract : public testing::TestWithParam<L2ContractCase> {};
//   TEST_P(MemContract, Holds) { GetParam().run({.make = make_mem}); }
//   INSTANTIATE_TEST_SUITE_P(L2, MemContract, testing::ValuesIn(l2_contract_cases()), l2_contract_name);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "l2/l2.h"

namespace seekfs::l2 {

/// The tier under test.
struct L2Subject {
  /// An empty tier with that capacity; those made before it are gone by then.
  std::function<std::unique_ptr<L2>(std::uint64_t capacity_bytes)> make;
  /// Returns when every earlier put is either visible or dropped; empty where put does that itself.
  std::function<void(L2&)> settle = {};
  /// A capacity at which nothing of 4 MiB of pages is evicted, and one that 64 pages of 64 KiB overflow.
  std::uint64_t roomy = 64U << 20U;
  std::uint64_t tight = 1U << 20U;
};

struct L2ContractCase {
  std::string name;
  std::function<void(const L2Subject&)> run;
};

std::vector<L2ContractCase> l2_contract_cases();
std::string l2_contract_name(const testing::TestParamInfo<L2ContractCase>& info);
std::ostream& operator<<(std::ostream& out, const L2ContractCase& one);

}  // namespace seekfs::l2
