// Structured logging: one line an event, logfmt or JSON, on stderr.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace seekfs {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };
enum class LogFormat : std::uint8_t { logfmt, json };

/// One key and value of a log line. Numbers and booleans are written bare, text is quoted where the format needs it.
struct LogField {
  std::string_view key;
  std::string value;
  bool quoted;

  LogField(std::string_view name, std::string_view text) : key(name), value(text), quoted(true) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text), quoted(true) {}
  LogField(std::string_view name, const char* text) : key(name), value(text), quoted(true) {}
  LogField(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false"), quoted(false) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  LogField(std::string_view name, Number number) : key(name), value(std::to_string(number)), quoted(false) {
    // JSON has no spelling for infinity and NaN.
    if constexpr (std::is_floating_point_v<Number>) quoted = !std::isfinite(number);
  }
};

/// Writes log lines; passed by reference to whoever logs. Thread-safe. Never throws and never blocks on anything but
/// the write itself; control characters in values are escaped, so that one event is always one line.
class Logger {
 public:
  virtual ~Logger() = default;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::debug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) { log(LogLevel::info, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::error, event, fields);
  }

  virtual void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;
};

/// A logger on stderr (through spdlog): format_log_line with the time before it, RFC 3339 in UTC with milliseconds.
std::unique_ptr<Logger> make_stderr_logger(LogLevel level, LogFormat format);
/// A logger that drops everything; for tests and tools that report in other ways.
Logger& null_logger();

/// `level=info event="..." key=value`, or the JSON object of the same. No trailing newline, no time. Control characters
/// and bytes that are not UTF-8 are escaped (the latter as \xNN in logfmt and as U+FFFD in JSON).
std::string format_log_line(LogFormat format, LogLevel level, std::string_view event,
                            std::initializer_list<LogField> fields);

Result<LogLevel> parse_log_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

}  // namespace seekfs
