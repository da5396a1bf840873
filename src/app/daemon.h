// The daemon's composition root: every part is built here, once, from the configuration, and handed to those that use
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/error.h"
#include "base/log.h"
#include "env/clock.h"
#include "l2/l2.h"

namespace seekfs::app {

/// One running daemon. Belongs to one thread.
class Daemon {
 public:
  /// Builds all parts and listens. Errors name the part: `invalid` for what the configuration should not say, else what
  /// the system says. `log` outlives the daemon. `l2`, when there is one, takes the place of the configured one.
  static Result<std::unique_ptr<Daemon>> start(const Config& config, Logger& log, std::unique_ptr<l2::L2> l2 = nullptr);
  /// Waits for what is under way; call drain() before.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// The addresses that it listens on, with the ports that were picked.
  const std::vector<std::string>& addresses() const;
  /// Takes no new requests and lets running ones finish, but for a check or a compaction of the cache on disk, which
  /// are given up; false when `patience` was over before they did.
  bool drain(env::Duration patience);

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace seekfs::app
