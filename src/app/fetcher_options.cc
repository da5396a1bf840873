// From [s3] and the type of the store to options.
#include "app/fetcher_options.h"

#include <algorithm>

namespace seekfs::app {
namespace {

/// Time paused counts for the deadline of a GET, which needs most of it to receive.
constexpr int pauses_of_deadline = 4;
constexpr int pause_of_deadline = 16;

}  // namespace

fetch::PageFetcherOptions fetcher_options(const Config& config) {
  fetch::PageFetcherOptions options;
  options.planner.coalesce_max_bytes = config.s3.range_coalesce_max_bytes;
  options.planner.lead_in_max_bytes = config.s3.range_coalesce_max_bytes / 8;
  if (config.store.type == StoreType::s3) {
    options.run_on = fetch::run_on_policy(config.s3.fetch_policy, config.s3.range_coalesce_max_bytes);
  }
  options.get_timeout = config.s3.request_timeout;
  const env::Duration deadline = options.get_timeout;
  options.tails.longest_in_all = std::min(options.tails.longest_in_all, deadline / pauses_of_deadline);
  options.tails.longest_pause = std::min(options.tails.longest_pause, deadline / pause_of_deadline);
  return options;
}

}  // namespace seekfs::app
