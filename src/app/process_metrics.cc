// Asked of the system at each scrape.
#include "app/process_metrics.h"

#include "app/build_info.h"
#include "env/process.h"

namespace seekfs::app {

void add_process_metrics(MetricsRegistry& metrics) {
  metrics.counter_function("process_cpu_seconds_total", "User and system CPU time spent, in seconds.", {},
                           [] { return env::process_usage().cpu_seconds; });
  metrics.gauge_function("process_resident_memory_bytes", "Resident memory.", {},
                         [] { return static_cast<double>(env::process_usage().resident_bytes); });
  metrics.gauge_function("process_virtual_memory_bytes", "Virtual memory.", {},
                         [] { return static_cast<double>(env::process_usage().virtual_bytes); });
  metrics.gauge_function("process_open_fds", "Open file descriptors.", {},
                         [] { return static_cast<double>(env::process_usage().open_descriptors); });
  metrics.gauge_function("process_max_fds", "The most file descriptors that may be open.", {},
                         [] { return static_cast<double>(env::process_usage().max_descriptors); });
  metrics.gauge_function("process_start_time_seconds", "Start of the process, in seconds since the Unix epoch.", {},
                         [] { return env::process_usage().start_time_seconds; });
  metrics
      .gauge("seekfs_build_info", "Always 1; the labels say what is running.",
             {{"version", build_version()}, {"build", build_id()}})
      .set(1);
}

}  // namespace seekfs::app
