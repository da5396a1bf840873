// A SeekFS daemon as a target.
#include <boost/json.hpp>
#include <iterator>

#include <fmt/format.h>

#include "bench/daemon_metrics.h"
#include "bench/http_client.h"
#include "bench/targets.h"

namespace seekfs::bench {
namespace {

constexpr std::size_t text_limit = 16 * MiB;

class DaemonReader final : public TargetReader {
 public:
  DaemonReader(Endpoint endpoint, std::string ns) : client_(std::move(endpoint)), ns_(std::move(ns)) {}

  Status open(const std::string& /*path*/) override { return client_.connect(); }

  Status read(const Range& range, std::span<std::byte> out) override {
    target_.clear();
    fmt::format_to(std::back_inserter(target_), "/blob?ns={}&path={}&off={}&len={}", ns_, range.path, range.offset,
                   range.length);
    return client_.fetch({.target = target_}, out);
  }

  Status read_batch(std::span<const Range> ranges, std::span<std::byte> out) override {
    body_.clear();
    for (const Range& range : ranges) {
      // Paths of a data set have no character that JSON or a query would escape.
      fmt::format_to(std::back_inserter(body_), R"({}{{"path":"{}","off":{},"len":{}}})", body_.empty() ? '[' : ',',
                     range.path, range.offset, range.length);
    }
    body_ += ']';
    target_ = "/readv?ns=" + ns_;
    return client_.fetch({.verb = "POST", .target = target_, .body = body_}, out);
  }

 private:
  HttpClient client_;
  std::string ns_;
  std::string target_;
  std::string body_;
};

class DaemonTarget final : public Target {
 public:
  DaemonTarget(std::string name, Endpoint endpoint, std::string ns)
      : name_(std::move(name)), endpoint_(endpoint), ns_(std::move(ns)), client_(std::move(endpoint)) {}

  const std::string& name() const override { return name_; }

  Result<std::string> description() override {
    SEEKFS_ASSIGN(const std::string version, client_.fetch_text({.target = "/version"}, text_limit));
    boost::system::error_code error;
    const auto told = boost::json::parse(version, error);
    const auto member = [&](std::string_view name) {
      const auto* found = !error && told.is_object() ? told.get_object().if_contains(name) : nullptr;
      return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                    : "of unknown " + std::string(name);
    };
    return fmt::format("seekfsd {}, {}; /blob and /readv, namespace {}", member("version"), member("build"), ns_);
  }

  Result<DataSet> data_set() override {
    const std::string path = fmt::format("/ns/{}/{}", ns_, description_path);
    auto text = client_.fetch_text({.target = path}, text_limit);
    if (!text) return std::unexpected(text.error().with_context("reading the data set's description"));
    return parse_data_set(*text);
  }

  Result<std::unique_ptr<TargetReader>> make_reader() override {
    return std::make_unique<DaemonReader>(endpoint_, ns_);
  }

  Result<std::vector<std::string>> drop_caches(const DataSet& /*data*/) override {
    std::vector<std::string> left;
    const std::string path = "/cache/drop?ns=" + ns_;
    if (auto dropped = client_.fetch_text({.verb = "POST", .target = path}, text_limit); !dropped) {
      left.push_back(fmt::format("the daemon's L1 and L2 (POST /cache/drop: {})", dropped.error().message));
    }
    left.emplace_back("the caches of the daemon's object store, and its manifests");
    return left;
  }

  Result<std::optional<TargetCounters>> counters() override {
    SEEKFS_ASSIGN(const std::string metrics, client_.fetch_text({.target = "/metrics"}, text_limit));
    return data_counters(metrics);
  }

 private:
  std::string name_;
  Endpoint endpoint_;
  std::string ns_;
  HttpClient client_;
};

}  // namespace

std::unique_ptr<Target> make_daemon_target(std::string name, Endpoint endpoint, std::string ns) {
  return std::make_unique<DaemonTarget>(std::move(name), std::move(endpoint), std::move(ns));
}

}  // namespace seekfs::bench
