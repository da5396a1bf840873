// What the page fetcher is told for each kind of store and each time-out.
#include "app/fetcher_options.h"

#include <gtest/gtest.h>

namespace seekfs::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FetcherOptions, OnlyGetsOfS3RunOn) {
  Config config;
  for (const auto policy : {FetchPolicy::latency, FetchPolicy::balanced, FetchPolicy::fewest_gets}) {
    config.s3.fetch_policy = policy;
    config.store.type = StoreType::s3;
    EXPECT_GT(fetcher_options(config).run_on.max_bytes, 0U);
    for (const auto type : {StoreType::fs, StoreType::mem}) {
      config.store.type = type;
      EXPECT_EQ(fetcher_options(config).run_on.max_bytes, 0U);
      EXPECT_EQ(fetcher_options(config).run_on.lead_in_max_bytes, 0U);
    }
  }
}

TEST(FetcherOptions, PausesLeaveAGetMostOfItsDeadline) {
  Config config;
  const fetch::TailLimits most;
  for (const milliseconds timeout : {milliseconds(1), milliseconds(500), milliseconds(5000), milliseconds(60'000)}) {
    config.s3.request_timeout = timeout;
    const fetch::PageFetcherOptions options = fetcher_options(config);
    EXPECT_EQ(options.get_timeout, timeout);
    EXPECT_LE(4 * options.tails.longest_in_all, timeout);
    EXPECT_LE(16 * options.tails.longest_pause, timeout);
    EXPECT_GT(options.tails.longest_pause, env::Duration::zero());
  }
  config.s3.request_timeout = seconds(3600);
  EXPECT_EQ(fetcher_options(config).tails.longest_pause, most.longest_pause);
  EXPECT_EQ(fetcher_options(config).tails.longest_in_all, most.longest_in_all);
}

}  // namespace
}  // namespace seekfs::app
