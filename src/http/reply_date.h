// The Date of replies, formatted once a second.
#pragma once

#include <chrono>
#include <string_view>

#include "base/http_date.h"
#include "env/clock.h"

namespace seekfs::http {

/// Asks for the wall clock's time only when a second is over by the monotonic clock, which requests ask for anyway: a
/// step of the wall clock shows after at most a second. One thread.
class ReplyDate {
 public:
  /// `clock` outlives it.
  explicit ReplyDate(const env::Clock& clock) : clock_(clock) {}

  /// `now`: of the clock. The text stays until the next call.
  std::string_view at(env::TimePoint now) {
    if (now >= until_) refresh(now);
    return {text_.data(), text_.size()};
  }

 private:
  void refresh(env::TimePoint now) {
    const auto wall = clock_.wall_now();
    const auto second = std::chrono::floor<std::chrono::seconds>(wall);
    text_ = format_http_date(second.time_since_epoch().count());
    until_ = now + (second + std::chrono::seconds(1) - wall);
  }

  const env::Clock& clock_;
  env::TimePoint until_ = env::TimePoint::min();
  HttpDateText text_{};
};

}  // namespace seekfs::http
