// One GET of a page of metrics.
#include "bench/origin_metrics.h"

#include <fmt/format.h>

#include "base/units.h"
#include "bench/daemon_metrics.h"
#include "bench/http_client.h"

namespace seekfs::bench {

Result<MetricsUrl> parse_metrics_url(std::string_view text) {
  constexpr std::string_view http = "http://";
  const std::size_t slash = text.starts_with(http) ? text.find('/', http.size()) : std::string_view::npos;
  if (slash == std::string_view::npos || text.find_first_of(" \r\n") != std::string_view::npos) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no address of metrics: http://HOST:PORT/metrics", text));
  }
  MetricsUrl url{.url = std::string(text), .endpoint = {}, .path = std::string(text.substr(slash))};
  SEEKFS_ASSIGN(url.endpoint, parse_endpoint(text.substr(0, slash)));
  return url;
}

Result<TargetCounters> read_counters(const MetricsUrl& url) {
  HttpClient client(url.endpoint);
  const auto text = client.fetch_text({.target = url.path}, 16 * MiB);
  if (!text) return std::unexpected(text.error().with_context(url.url));
  return data_counters(*text);
}

}  // namespace seekfs::bench
