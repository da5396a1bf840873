// The process_* metrics of the Prometheus client conventions, and seekfs_build_info.
#pragma once

#include "base/metrics.h"

namespace seekfs::app {

void add_process_metrics(MetricsRegistry& metrics);

}  // namespace seekfs::app
