// The table of error codes, the meaning of errno values, and the macros that pass errors on.
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace seekfs {
namespace {

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < error_code_count; ++i) {
    const std::string_view name = to_string(static_cast<ErrorCode>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(ErrorCode::bad_request), "bad_request");
  EXPECT_EQ(to_string(ErrorCode::internal), "internal");
  EXPECT_EQ(to_string(ErrorCode::precondition_failed), "precondition_failed");
  EXPECT_EQ(to_string(ErrorCode::exhausted), "exhausted");
}

TEST(Error, ErrnoValuesHaveTheDocumentedMeaning) {
  const std::vector<std::pair<int, ErrorCode>> table = {
      {ENOENT, ErrorCode::not_found},     {EACCES, ErrorCode::denied},      {EPERM, ErrorCode::denied},
      {EROFS, ErrorCode::denied},         {ENOSPC, ErrorCode::exhausted},   {EDQUOT, ErrorCode::exhausted},
      {EMFILE, ErrorCode::exhausted},     {ENFILE, ErrorCode::exhausted},   {ENOMEM, ErrorCode::exhausted},
      {ENAMETOOLONG, ErrorCode::invalid}, {EINVAL, ErrorCode::invalid},     {ENOTDIR, ErrorCode::invalid},
      {EISDIR, ErrorCode::invalid},       {ELOOP, ErrorCode::invalid},      {EEXIST, ErrorCode::precondition_failed},
      {EIO, ErrorCode::transient},        {ETIMEDOUT, ErrorCode::transient}};
  for (const auto& [number, code] : table) {
    const Error error = error_from_errno(number, "open /data/a");
    EXPECT_EQ(error.code, code) << number;
    EXPECT_EQ(error.message.find("open /data/a: "), 0U) << error.message;
    EXPECT_GT(error.message.size(), std::string_view("open /data/a: ").size());
  }
}

TEST(Error, ContextGoesBeforeTheMessageAndNothingElseChanges) {
  Error error(ErrorCode::throttled, "slow down");
  error.retry_after = std::chrono::seconds(3);
  const Error wrapped = error.with_context("get a/b");
  EXPECT_EQ(wrapped.message, "get a/b: slow down");
  EXPECT_EQ(wrapped.code, ErrorCode::throttled);
  EXPECT_EQ(wrapped.retry_after, std::chrono::seconds(3));
  EXPECT_EQ(wrapped.where.line(), error.where.line());
  EXPECT_NE(std::string_view(wrapped.where.file_name()).find("error_test.cc"), std::string_view::npos);
}

Result<int> positive(int value) {
  if (value <= 0) return fail(ErrorCode::invalid, "not positive");
  return value;
}

Result<std::string> twice(int value, int& reached) {
  SEEKFS_TRY(positive(value));
  SEEKFS_ASSIGN(const int checked, positive(value - 1));
  ++reached;
  return std::to_string(checked * 2);
}

TEST(Error, MacrosPassErrorsOnAndValuesThrough) {
  int reached = 0;
  const auto good = twice(5, reached);
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "8");
  EXPECT_EQ(reached, 1);
  for (const int bad : {0, 1}) {
    const auto result = twice(bad, reached);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
  }
  EXPECT_EQ(reached, 1);
}

}  // namespace
}  // namespace seekfs
