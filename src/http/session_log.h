// What a connection writes to the log, with the request's id on every line.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/log.h"
#include "env/clock.h"
#include "http/exchange.h"

namespace seekfs::http {

/// A client's id is taken over when it is 1 to 64 characters of A-Z a-z 0-9 . _ -.
bool is_request_id(std::string_view text) noexcept;

class SessionLog {
 public:
  SessionLog(Logger& logger, const Exchange& exchange) : logger_(logger), exchange_(exchange) {}

  /// At debug, for every reply.
  void access(int status, std::uint64_t bytes, env::Duration duration) const;
  /// A problem was the reply: warning from 500 on, else info.
  void failed(int status, const Error& error) const;
  /// The reply was cut off.
  void aborted(const Error& error) const;
  /// The connection broke or the peer took too long.
  void peer_gone(const Error& error) const;

 private:
  Logger& logger_;
  const Exchange& exchange_;
};

}  // namespace seekfs::http
