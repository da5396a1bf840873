// Exit codes: every error has one, and the numbers are those of the contract.
#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace seekfs::cli {
namespace {

TEST(ExitCode, EveryErrorHasOne) {
  const std::vector<std::pair<ExitCode, std::vector<ErrorCode>>> table = {
      {ExitCode::failure, {ErrorCode::internal, ErrorCode::cancelled, ErrorCode::exhausted}},
      {ExitCode::usage,
       {ErrorCode::bad_request, ErrorCode::invalid_path, ErrorCode::range_not_satisfiable, ErrorCode::too_large,
        ErrorCode::method_not_allowed, ErrorCode::invalid}},
      {ExitCode::mismatch,
       {ErrorCode::hash_mismatch, ErrorCode::source_changed, ErrorCode::origin_corrupt, ErrorCode::corrupt}},
      {ExitCode::conflict, {ErrorCode::precondition_failed, ErrorCode::conflict}},
      {ExitCode::not_found, {ErrorCode::not_found, ErrorCode::no_such_namespace, ErrorCode::no_such_version}},
      {ExitCode::origin,
       {ErrorCode::unauthorized, ErrorCode::forbidden, ErrorCode::throttled, ErrorCode::origin_unavailable,
        ErrorCode::origin_denied, ErrorCode::unsupported_manifest, ErrorCode::timeout, ErrorCode::denied,
        ErrorCode::transient}}};
  std::size_t codes = 0;
  for (const auto& [exit, errors] : table) {
    for (const ErrorCode error : errors) {
      EXPECT_EQ(exit_code(error), exit) << to_string(error);
      ++codes;
    }
  }
  EXPECT_EQ(codes, error_code_count);
}

TEST(ExitCode, TheNumbersAreThoseOfTheContract) {
  const std::vector<ExitCode> all = {ExitCode::ok,       ExitCode::failure,   ExitCode::usage, ExitCode::mismatch,
                                     ExitCode::conflict, ExitCode::not_found, ExitCode::origin};
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(all[i]), i);
}

}  // namespace
}  // namespace seekfs::cli
