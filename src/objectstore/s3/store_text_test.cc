// The words of a hostile store: nothing of them steers a terminal, makes a second line or fills a log.
#include "objectstore/s3/store_text.h"

#include <gtest/gtest.h>

#include "objectstore/s3/failure.h"

namespace seekfs::objectstore::s3 {
namespace {

TEST(StoreText, LeavesPlainTextAlone) {
  EXPECT_EQ(store_text(""), "");
  EXPECT_EQ(store_text("Access Denied: \xC3\xBC \xE6\x97\xA5"), "Access Denied: \xC3\xBC \xE6\x97\xA5");
}

TEST(StoreText, ShowsWhatSteersATerminalAsBytes) {
  EXPECT_EQ(store_text("a\x1B[2J"), "a\\x1B[2J");
  EXPECT_EQ(store_text("a\r\nb\tc\x7F"), "a\\x0D\\x0Ab\\x09c\\x7F");
  EXPECT_EQ(store_text("a\xC2\x9B"), "a\\xC2\\x9B");
  EXPECT_EQ(store_text("a\x9B"), "a\\x9B");
}

TEST(StoreText, IsCutBetweenCharacters) {
  EXPECT_EQ(store_text(std::string(500, 'x')), std::string(500, 'x'));
  EXPECT_EQ(store_text(std::string(501, 'x')), std::string(500, 'x') + "...");
  EXPECT_EQ(store_text(std::string(499, 'x') + "\xC3\xBC"), std::string(499, 'x') + "...");
}

TEST(StoreText, IsWhatAFailureSays) {
  const std::string document =
      "<Error><Code>Access\x1B[31m</Code><Message>&#27;[2J\n" + std::string(100'000, 'M') + "</Message></Error>";
  const HttpReply reply{.head = {.status = 403,
                                 .headers = {{"x-amz-request-id", "\x1B[1m" + std::string(10'000, 'R')},
                                             {"x-amz-id-2", "\x9B" + std::string(10'000, 'H')}}},
                        .body = document};
  const std::string message = classify_reply(reply, "get a").error.message;
  EXPECT_EQ(message.find_first_of("\x1B\n\x9B"), std::string::npos) << message;
  EXPECT_LT(message.size(), 3'000U);
  EXPECT_NE(message.find("\\x1B[2J\\x0AMMM"), std::string::npos) << message;
}

}  // namespace
}  // namespace seekfs::objectstore::s3
