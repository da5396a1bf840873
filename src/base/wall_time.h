// Times by somebody's calendar, which may be anything, as times that can be reckoned with.
#pragma once

#include <algorithm>
#include <chrono>

namespace seekfs {

/// The time, moved into the years 1970 to 2200: system_clock counts nanoseconds in 64 bits and ends in 2262, and sums
/// with hours and offsets must not pass that.
constexpr std::chrono::system_clock::time_point wall_time(std::chrono::sys_seconds time) noexcept {
  using std::chrono::sys_days;
  using std::chrono::year;
  constexpr std::chrono::sys_seconds first = sys_days(year(1970) / 1 / 1);
  constexpr std::chrono::sys_seconds last = sys_days(year(2200) / 1 / 1);
  return std::clamp(time, first, last);
}

}  // namespace seekfs
