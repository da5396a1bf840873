// Formatting and parsing of IMF-fixdate through <chrono>'s civil calendar.
#include "base/http_date.h"

#include <algorithm>
#include <chrono>

#include "base/number.h"

namespace seekfs {
namespace {

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t first_second = -62167219200;  // 0000-01-01
constexpr std::int64_t last_second = 253402300799;   // 9999-12-31T23:59:59

char* put(char* out, std::string_view text) noexcept { return std::copy(text.begin(), text.end(), out); }

char* put_digits(char* out, unsigned number, int digits) noexcept {
  for (int i = digits; i-- > 0; number /= 10) out[i] = static_cast<char>('0' + number % 10);
  return out + digits;
}

}  // namespace

HttpDateText format_http_date(std::int64_t unix_seconds) noexcept {
  using namespace std::chrono;
  const sys_seconds time{seconds(std::clamp(unix_seconds, first_second, last_second))};
  const sys_days day = floor<std::chrono::days>(time);
  const year_month_day date(day);
  const auto second_of_day = static_cast<unsigned>((time - day).count());
  HttpDateText text{};
  char* out = put(text.data(), day_names[weekday(day).c_encoding()]);
  out = put(out, ", ");
  out = put_digits(out, static_cast<unsigned>(date.day()), 2);
  out = put(out, " ");
  out = put(out, month_names[static_cast<unsigned>(date.month()) - 1]);
  out = put(out, " ");
  out = put_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out = put(out, " ");
  out = put_digits(out, second_of_day / 3600, 2);
  out = put(out, ":");
  out = put_digits(out, second_of_day / 60 % 60, 2);
  out = put(out, ":");
  out = put_digits(out, second_of_day % 60, 2);
  put(out, " GMT");
  return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
  using namespace std::chrono;
  if (text.size() != HttpDateText{}.size()) return std::nullopt;
  const auto month_at = std::find(month_names.begin(), month_names.end(), text.substr(8, 3));
  const auto day = parse_number(text.substr(5, 2));
  const auto year_number = parse_number(text.substr(12, 4));
  const auto hour = parse_number(text.substr(17, 2));
  const auto minute = parse_number(text.substr(20, 2));
  const auto second = parse_number(text.substr(23, 2));
  if (month_at == month_names.end() || !day || !year_number || !hour || !minute || !second) return std::nullopt;
  const year_month_day date(year(static_cast<int>(*year_number)),
                            month(static_cast<unsigned>(month_at - month_names.begin()) + 1),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t value = sys_days(date).time_since_epoch().count() * std::int64_t{86400} +
                             static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second);
  // What was read must be what would be written: this checks every separator, the weekday and the ranges at once.
  const HttpDateText again = format_http_date(value);
  if (std::string_view(again.data(), again.size()) != text) return std::nullopt;
  return value;
}

}  // namespace seekfs
