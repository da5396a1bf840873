// Loggers: one that writes to stderr through spdlog, and one that drops everything.
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <exception>
#include <utility>

namespace seekfs {
namespace {

constexpr const char* logfmt_pattern = "time=%Y-%m-%dT%H:%M:%S.%eZ %v";
/// The line's own opening brace is left away, so that the time is the object's first member.
constexpr const char* json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)";

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: break;
  }
  return spdlog::level::off;
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(LogLevel level, LogFormat format)
      : format_(format), sink_("seekfs", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    sink_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format == LogFormat::json ? json_pattern : logfmt_pattern, spdlog::pattern_time_type::utc));
    sink_.set_level(to_spdlog(level));
  }

  void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
    if (level == LogLevel::off || !sink_.should_log(to_spdlog(level))) return;
    try {
      const std::string line = format_log_line(format_, level, event, fields);
      const std::string_view shown = format_ == LogFormat::json ? std::string_view(line).substr(1) : line;
      sink_.log(to_spdlog(level), spdlog::string_view_t(shown.data(), shown.size()));
    } catch (const std::exception&) {
      // Out of memory, or stderr is closed: there is nowhere left to say so.
      return;
    }
  }

 private:
  LogFormat format_;
  spdlog::logger sink_;
};

class NullLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

std::unique_ptr<Logger> make_stderr_logger(LogLevel level, LogFormat format) {
  return std::make_unique<StderrLogger>(level, format);
}

Logger& null_logger() {
  static NullLogger logger;
  return logger;
}

}  // namespace seekfs
