// Lazy construction, in the order of dependence.
#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "env/process.h"
#include "http/address.h"

namespace seekfs::cli {
namespace {

constexpr std::size_t store_threads = 16;

/// Where a tool finds the daemon that this configuration starts: a wildcard address is reached on loopback.
std::string address_of(const app::ApiConfig& api) {
  const auto address = http::parse_address(api.listen.front());
  if (address && address->is_unix()) return address->to_string();
  if (!address || address->port() == 0) return "http://127.0.0.1:7070";
  const std::string host = address->host();
  if (host == "0.0.0.0") return fmt::format("http://127.0.0.1:{}", address->port());
  if (host == "[::]") return fmt::format("http://[::1]:{}", address->port());
  return "http://" + address->to_string();
}

}  // namespace

Session::Session(GlobalOptions& options, env::FileSystem& files, env::Clock& clock, Console& console)
    : options_(options), files_(files), clock_(clock), console_(console), random_(env::make_system_random()) {}

Session::~Session() = default;

Result<const app::LoadedConfig*> Session::config() {
  if (!config_) {
    options_.sources.user_file = true;
    options_.sources.environment = env::environment();
    auto loaded = app::load_config(files_, options_.sources, app::this_build(), app::this_machine());
    // A file that is not there is a wrong command line, not a missing data set.
    if (!loaded) return fail(ErrorCode::invalid, loaded.error().message);
    config_ = std::move(*loaded);
    for (const std::string& warning : config_->warnings) console_.warn(warning);
  }
  return &*config_;
}

Logger& Session::log() {
  if (log_ == nullptr) {
    log_ = make_stderr_logger(LogLevel::warning, config_ ? config_->values.log.format : LogFormat::logfmt);
  }
  return *log_;
}

Result<DaemonClient*> Session::daemon() {
  if (!daemon_) {
    std::string address = options_.address;
    if (address.empty()) {
      SEEKFS_ASSIGN(const app::LoadedConfig* loaded, config());
      address = address_of(loaded->values.api);
    }
    SEEKFS_ASSIGN(daemon_, DaemonClient::connect_to(std::move(address)));
  }
  return &*daemon_;
}

Result<publish::Parts> Session::store(app::StoreRoot root) {
  if (!store_) {
    SEEKFS_ASSIGN(const app::LoadedConfig* loaded, config());
    const std::size_t workers = std::max<std::size_t>(env::cpu_count(), 4);
    store_pool_ = std::make_unique<async::ThreadPool>("store", store_threads);
    work_pool_ = std::make_unique<async::ThreadPool>("work", workers);
    timers_ = std::make_unique<async::Timers>(clock_);
    origin_metrics_ = std::make_unique<objectstore::OriginMetrics>(metrics_, clock_);
    gate_ = std::make_unique<objectstore::OriginGate>(app::gate_limits(loaded->values, store_threads, *random_),
                                                      *timers_, metrics_);
    SEEKFS_ASSIGN(store_, app::make_store(loaded->values,
                                          {.files = files_,
                                           .random = *random_,
                                           .timers = *timers_,
                                           .pool = *store_pool_,
                                           .gate = *gate_,
                                           .metrics = *origin_metrics_,
                                           .log = log()},
                                          root));
    budgeted_store_ = objectstore::make_budgeted_store(store_->store(), *gate_);
  }
  return publish::Parts{

      .store = *budgeted_store_,
      .files = files_,
      .clock = clock_,
      .random = *random_,
      .pool = *work_pool_,
      .log = log()};
}

Result<const app::BuiltStore*> Session::built_store() {
  SEEKFS_TRY(store());
  return &*store_;
}

Result<DataSource*> Session::data() {
  if (data_ == nullptr) {
    if (options_.direct) {
      SEEKFS_ASSIGN(const publish::Parts parts, store());
      data_ = make_store_source(parts);
    } else {
      SEEKFS_ASSIGN(DaemonClient * client, daemon());
      data_ = make_daemon_source(*client);
    }
  }
  return data_.get();
}

}  // namespace seekfs::cli
