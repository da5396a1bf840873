// What a command works with, made when it first asks: configuration, daemon, store.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/config/load.h"
#include "app/store_factory.h"
#include "async/thread_pool.h"
#include "async/timers.h"
#include "base/error.h"
#include "base/metrics.h"
#include "cli/console.h"
#include "cli/daemon_client.h"
#include "cli/data_source.h"
#include "env/clock.h"
#include "env/random.h"
#include "publish/parts.h"

namespace seekfs::cli {

/// Options that stand before every command.
struct GlobalOptions {
  app::ConfigSources sources;
  std::string address;  ///< --addr; empty: what [api] listen says
  bool json = false;
  bool direct = false;
};

/// Owns everything that its accessors return. One thread at a time.
class Session {
 public:
  Session(GlobalOptions& options, env::FileSystem& files, env::Clock& clock, Console& console);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const GlobalOptions& options() const noexcept { return options_; }
  bool json() const noexcept { return options_.json; }
  Console& console() noexcept { return console_; }
  env::FileSystem& files() noexcept { return files_; }
  env::Random& random() noexcept { return *random_; }
  env::Clock& clock() noexcept { return clock_; }
  /// Warnings and errors of the rooms below, on stderr.
  Logger& log();

  /// Loads the configuration; its warnings go to stderr.
  Result<const app::LoadedConfig*> config();
  Result<DaemonClient*> daemon();
  /// The configured store and all that publishing needs; with `create`, an fs store's directory is made.
  Result<publish::Parts> store(app::StoreRoot root = app::StoreRoot::must_exist);
  /// What store() is made of.
  Result<const app::BuiltStore*> built_store();
  /// The daemon, or the store with --direct.
  Result<DataSource*> data();

 private:
  GlobalOptions& options_;
  env::FileSystem& files_;
  env::Clock& clock_;
  Console& console_;
  std::unique_ptr<env::Random> random_;
  std::optional<app::LoadedConfig> config_;
  std::optional<DaemonClient> daemon_;
  std::unique_ptr<Logger> log_;
  // The store blocks on its own pool: the other one waits for it.
  std::unique_ptr<async::ThreadPool> store_pool_;
  std::unique_ptr<async::ThreadPool> work_pool_;
  MetricsRegistry metrics_;
  std::unique_ptr<async::Timers> timers_;
  std::unique_ptr<objectstore::OriginMetrics> origin_metrics_;
  std::unique_ptr<objectstore::OriginGate> gate_;
  std::optional<app::BuiltStore> store_;
  std::unique_ptr<objectstore::ObjectStore> budgeted_store_;
  std::unique_ptr<DataSource> data_;
};

}  // namespace seekfs::cli
