// What the console lets through to a terminal.
#include "cli/console.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "env/clock.h"

namespace seekfs::cli {
namespace {

TEST(Console, WordsOfOthersCannotSteerTheTerminal) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> err(std::tmpfile(), &std::fclose);
  ASSERT_NE(err, nullptr);
  env::ManualClock clock;
  Console console({.err = err.get()}, clock);
  console.error("the store answers \x1B]0;mine\x07 \xC2\x9B 31m\nline two \xC3\xBC");
  console.warn("\rgone");
  std::rewind(err.get());
  std::array<char, 500> text{};
  const std::size_t count = std::fread(text.data(), 1, text.size(), err.get());
  EXPECT_EQ(std::string_view(text.data(), count),
            "seekfs-ctl: error: the store answers \\x1B]0;mine\\x07 \\xC2\\x9B 31m\nline two \xC3\xBC\n"
            "seekfs-ctl: warning: \\x0Dgone\n");
}

}  // namespace
}  // namespace seekfs::cli
