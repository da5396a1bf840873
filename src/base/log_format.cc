// What a log line looks like: logfmt and JSON, with everything escaped that could break the line or a terminal.
#include <fmt/format.h>

#include <array>
#include <iterator>

#include "base/log.h"
#include "base/utf8.h"

namespace seekfs {
namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error", "off"};

std::string_view level_name(LogLevel level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

void append_control(std::string& out, unsigned value, LogFormat format) {
  if (value == '\n') {
    out += "\\n";
  } else if (value == '\r') {
    out += "\\r";
  } else if (value == '\t') {
    out += "\\t";
  } else if (format == LogFormat::json || value >= 0x80) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", value);
  }
}

/// The code point when the sequence is one that ends lines or steers terminals (C1 controls, U+2028, U+2029), else 0.
unsigned wide_control(std::string_view sequence) noexcept {
  if (sequence.size() == 2 && sequence[0] == '\xC2') {
    const unsigned value = static_cast<unsigned char>(sequence[1]);
    return value < 0xA0 ? value : 0;
  }
  if (sequence == "\xE2\x80\xA8") return 0x2028;
  if (sequence == "\xE2\x80\xA9") return 0x2029;
  return 0;
}

/// Adds `text` between quotation marks.
void append_quoted(std::string& out, std::string_view text, LogFormat format) {
  out += '"';
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) {
      if (format == LogFormat::json) {
        out += "\\ufffd";
      } else {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", first);
      }
    } else if (first < 0x20 || first == 0x7F) {
      append_control(out, first, format);
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += text[0];
    } else if (const unsigned control = wide_control(text.substr(0, length)); control != 0) {
      append_control(out, control, format);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool is_bare(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@+,%").find(c) != std::string_view::npos;
}

void append_logfmt_text(std::string& out, std::string_view text) {
  bool bare = !text.empty();
  for (const char c : text) bare = bare && is_bare(c);
  if (bare) {
    out += text;
  } else {
    append_quoted(out, text, LogFormat::logfmt);
  }
}

void append_logfmt_key(std::string& out, std::string_view key) {
  for (const char c : key) out += is_bare(c) ? c : '_';
}

std::string format_logfmt(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = fmt::format("level={} event=", level_name(level));
  append_quoted(line, event, LogFormat::logfmt);
  for (const LogField& field : fields) {
    line += ' ';
    append_logfmt_key(line, field.key);
    line += '=';
    if (field.quoted) {
      append_logfmt_text(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line;
}

std::string format_json(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = fmt::format(R"({{"level":"{}","event":)", level_name(level));
  append_quoted(line, event, LogFormat::json);
  for (const LogField& field : fields) {
    line += ',';
    append_quoted(line, field.key, LogFormat::json);
    line += ':';
    if (field.quoted) {
      append_quoted(line, field.value, LogFormat::json);
    } else {
      line += field.value;
    }
  }
  line += '}';
  return line;
}

}  // namespace

std::string format_log_line(LogFormat format, LogLevel level, std::string_view event,
                            std::initializer_list<LogField> fields) {
  return format == LogFormat::json ? format_json(level, event, fields) : format_logfmt(level, event, fields);
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == text) return static_cast<LogLevel>(i);
  }
  return fail(ErrorCode::invalid,
              fmt::format("'{}' is not a log level; it is one of debug, info, warning, error and off", text));
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "logfmt") return LogFormat::logfmt;
  if (text == "json") return LogFormat::json;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a log format; it is logfmt or json", text));
}

}  // namespace seekfs
