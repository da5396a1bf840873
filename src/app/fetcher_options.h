// What the configuration means for the page fetcher.
#pragma once

#include "app/config/config.h"
#include "fetch/page_fetcher.h"

namespace seekfs::app {

/// How large GETs are, how far they run on, how long they last and how long their tails may be paused. A store that is
/// not s3 neither pauses nor ends a GET for others: there a GET brings what was asked for and no more.
fetch::PageFetcherOptions fetcher_options(const Config& config);

}  // namespace seekfs::app
