// Programs that end, that don't, that can't start and that talk too much.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <csignal>
#include <stop_token>
#include <string>
#include <thread>

#include "env/file.h"
#include "env/subprocess.h"
#include "env/temp_directory_testing.h"

namespace seekfs::env {
namespace {

SubprocessOptions shell(std::string script) {
  SubprocessOptions options;
  options.command = {"/bin/sh", "-c", std::move(script)};
  options.environment = {{"PATH", "/usr/bin:/bin"}};
  return options;
}

class SubprocessTest : public testing::Test {
 protected:
  /// Waits until the file holds a whole line, which it returns.
  std::string line_of(const std::string& path) {
    for (;;) {
      const Result<std::string> text = read_file(posix_file_system(), path, 1024);
      if (text && text->ends_with('\n')) return text->substr(0, text->size() - 1);
      std::this_thread::yield();
    }
  }
  /// Waits until no process has this number: it was killed, and reaped by whoever had to.
  void wait_until_gone(const std::string& pid) {
    // A process whose parent has died is reaped by init, which may take its time or, in some containers, never do it.
    for (;;) {
      const Result<std::string> status = read_file(posix_file_system(), "/proc/" + pid + "/stat", 4096);
      if (!status || status->find(") Z ") != std::string::npos) return;
      std::this_thread::yield();
    }
  }

  ManualClock clock_;
  TempDirectory directory_;
};

TEST_F(SubprocessTest, GivesOutputAndExitCode) {
  const auto result = run_subprocess(shell("echo out; echo hidden >&2; exit 3"), clock_);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->exit_code, 3);
}

TEST_F(SubprocessTest, CountsASignalAsShellsDo) {
  EXPECT_EQ(run_subprocess(shell("kill -TERM $$"), clock_).value().exit_code, 128 + SIGTERM);
}

TEST_F(SubprocessTest, GetsOnlyTheGivenEnvironmentAndNoInput) {
  SubprocessOptions options = shell("cat; echo \"$HOME|$GIVEN\"");
  options.environment.emplace_back("GIVEN", "a b");
  EXPECT_EQ(run_subprocess(options, clock_).value().output, "|a b\n");
}

TEST_F(SubprocessTest, NoShellSeesTheArguments) {
  SubprocessOptions options;
  options.command = {"echo", "$HOME;", "a  b"};
  EXPECT_EQ(run_subprocess(options, clock_).value().output, "$HOME; a  b\n");
}

TEST_F(SubprocessTest, ReadsMoreThanAPipeHolds) {
  SubprocessOptions options = shell("head -c 300000 /dev/zero");
  options.output_limit = 300'000;
  EXPECT_EQ(run_subprocess(options, clock_).value().output.size(), 300'000U);
  options.output_limit = 299'999;
  const auto refused = run_subprocess(options, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
}

TEST_F(SubprocessTest, AProgramThatIsNotThereIsNotFound) {
  SubprocessOptions options;
  options.command = {directory_.at("nothing")};
  EXPECT_EQ(run_subprocess(options, clock_).error().code, ErrorCode::not_found);
  ASSERT_TRUE(write_file_atomically(posix_file_system(), directory_.at("plain"), "x", false));
  options.command = {directory_.at("plain")};
  EXPECT_EQ(run_subprocess(options, clock_).error().code, ErrorCode::denied);
  options.command.clear();
  EXPECT_EQ(run_subprocess(options, clock_).error().code, ErrorCode::invalid);
}

TEST_F(SubprocessTest, IsKilledWithItsChildrenAtTheDeadline) {
  const std::string file = directory_.at("pid");
  SubprocessOptions options = shell("trap '' TERM; sleep 1000 & echo $! > " + file + "; wait");
  options.deadline = clock_.now() + std::chrono::seconds(5);
  std::string pid;
  std::thread mover([&] {
    pid = line_of(file);
    clock_.advance(std::chrono::seconds(5));
  });
  const auto result = run_subprocess(options, clock_);
  mover.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::timeout);
  wait_until_gone(pid);
}

TEST_F(SubprocessTest, IsEndedByAStopRequest) {
  const std::string file = directory_.at("pid");
  std::stop_source stop;
  SubprocessOptions options = shell("echo $$ > " + file + "; exec sleep 1000");
  options.stop = stop.get_token();
  std::thread stopper([&] {
    line_of(file);
    stop.request_stop();
  });
  const auto result = run_subprocess(options, clock_);
  stopper.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  // One that was asked for before the start.
  EXPECT_EQ(run_subprocess(options, clock_).error().code, ErrorCode::cancelled);
}

TEST_F(SubprocessTest, DoesNotWaitForWhatWasLeftInTheBackground) {
  const auto result = run_subprocess(shell("sleep 1000 & echo $!"), clock_);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_FALSE(result->output.empty());
  wait_until_gone(result->output.substr(0, result->output.size() - 1));
}

TEST_F(SubprocessTest, SurvivesAnIgnoredAndBlockedSignal) {
  // A daemon blocks SIGTERM; its children must not inherit that.
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  EXPECT_EQ(run_subprocess(shell("kill -TERM $$; echo alive"), clock_).value().exit_code, 128 + SIGTERM);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace seekfs::env
