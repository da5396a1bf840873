// Who waits for bytes is served in turn, and nobody who only tries passes them.
#include "publish/byte_budget.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <string>

namespace seekfs::publish {
namespace {

class ByteBudgetTest : public ::testing::Test {
 protected:
  /// Takes `bytes` in a coroutine that then notes its name.
  void take(std::string name, std::uint64_t bytes) {
    boost::asio::co_spawn(
        context_,
        [](ByteBudgetTest& test, std::string own,
           std::uint64_t wanted) -> boost::asio::awaitable<void, async::Executor> {
          if (co_await test.budget_.take(wanted)) test.granted_ += own;
        }(*this, std::move(name), bytes),
        boost::asio::detached);
    run();
  }
  void give_back(std::uint64_t bytes) {
    budget_.give_back(bytes);
    run();
  }
  void run() {
    context_.restart();
    context_.poll();
  }

  boost::asio::io_context context_{1};
  ByteBudget budget_{100};
  std::string granted_;
};

TEST_F(ByteBudgetTest, GivesWhatIsThere) {
  EXPECT_TRUE(budget_.try_take(60));
  EXPECT_TRUE(budget_.try_take(40));
  EXPECT_FALSE(budget_.try_take(1));
  budget_.give_back(40);
  EXPECT_FALSE(budget_.try_take(41));
  EXPECT_TRUE(budget_.try_take(40));
  EXPECT_EQ(budget_.used(), 100U);
}

TEST_F(ByteBudgetTest, ThoseWhoWaitAreServedInTurnAndNobodyPassesThem) {
  ASSERT_TRUE(budget_.try_take(90));
  take("large", 80);
  take(" small", 5);
  EXPECT_EQ(granted_, "");
  EXPECT_FALSE(budget_.try_take(5));  // it would fit
  give_back(60);
  EXPECT_EQ(granted_, "");
  give_back(30);
  EXPECT_EQ(granted_, "large small");
  EXPECT_EQ(budget_.used(), 85U);
  EXPECT_TRUE(budget_.try_take(15));
}

TEST_F(ByteBudgetTest, MoreThanTheLimitIsGrantedAlone) {
  ASSERT_TRUE(budget_.try_take(1));
  take("huge", 1000);
  EXPECT_EQ(granted_, "");
  give_back(1);
  EXPECT_EQ(granted_, "huge");
  EXPECT_FALSE(budget_.try_take(1));
  give_back(1000);
  EXPECT_TRUE(budget_.try_take(100));
}

}  // namespace
}  // namespace seekfs::publish
