// Writing to the two streams, and the line that shows progress.
#include "cli/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "base/units.h"
#include "cli/text_format.h"

namespace seekfs::cli {
namespace {

constexpr std::string_view red = "\033[31m";
constexpr std::string_view yellow = "\033[33m";

Status write_error() {
  const int number = errno;
  if (number == EPIPE) return fail(ErrorCode::cancelled, "the reader of stdout has gone");
  const Error error = error_from_errno(number, "write to stdout");
  return fail(ErrorCode::internal, error.message);
}

/// What is told may be in the words of others, e.g. of a server; a message of several lines keeps them.
std::string printable_lines(std::string_view text) {
  std::string safe;
  while (true) {
    const std::size_t end = text.find('\n');
    safe += printable(text.substr(0, end));
    if (end == text.npos) return safe;
    safe += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Console::Streams Console::standard_streams() {
  Streams streams;
  streams.err_is_terminal = isatty(fileno(stderr)) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const bool wanted = no_color == nullptr || *no_color == '\0';
  streams.color = streams.err_is_terminal && wanted;
  streams.out_color = isatty(fileno(stdout)) == 1 && wanted;
  return streams;
}

Status Console::out(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), streams_.out) != bytes.size()) return write_error();
  return {};
}

Status Console::out(std::string_view text) { return out(std::as_bytes(std::span(text))); }

Status Console::flush() {
  if (std::fflush(streams_.out) != 0) return write_error();
  return {};
}

void Console::warn(std::string_view text) { line("warning", yellow, text); }
void Console::error(std::string_view text) { line("error", red, text); }

void Console::line(std::string_view label, std::string_view color, std::string_view message) {
  const std::string text = printable_lines(message);
  MutexLock lock(mutex_);
  erase();
  if (streams_.color) {
    fmt::print(streams_.err, "seekfs-ctl: {}{}:\033[0m {}\n", color, label, text);
  } else {
    fmt::print(streams_.err, "seekfs-ctl: {}: {}\n", label, text);
  }
}

void Console::progress(std::string_view what, std::uint64_t done_bytes, std::uint64_t total_bytes,
                       std::string_view detail) {
  if (!streams_.err_is_terminal) return;
  MutexLock lock(mutex_);
  const env::TimePoint now = clock_.now();
  if (!progress_shown_) {
    first_progress_ = now;
  } else if (now - last_progress_ < std::chrono::milliseconds(100)) {
    return;
  }
  last_progress_ = now;
  progress_shown_ = true;
  const double seconds = std::chrono::duration<double>(now - first_progress_).count();
  fmt::print(streams_.err, "\r{}\033[K", progress_line(what, done_bytes, total_bytes, seconds, detail));
  std::fflush(streams_.err);
}

void Console::clear_progress() {
  MutexLock lock(mutex_);
  erase();
}

void Console::erase() {
  if (!progress_shown_) return;
  fmt::print(streams_.err, "\r\033[K");
  progress_shown_ = false;
}

std::string progress_line(std::string_view what, std::uint64_t done_bytes, std::uint64_t total_bytes, double seconds,
                          std::string_view detail) {
  constexpr std::size_t bar_width = 20;
  std::string line = fmt::format("{}  ", what);
  if (total_bytes > 0) {
    const double share = std::min(1.0, static_cast<double>(done_bytes) / static_cast<double>(total_bytes));
    const auto filled = static_cast<std::size_t>(share * bar_width);
    line += fmt::format("[{:#<{}}{:->{}}]  {:3.0f}%  {} of {}", "", filled, "", bar_width - filled, share * 100,
                        format_size_approx(done_bytes), format_size_approx(total_bytes));
  } else {
    line += format_size_approx(done_bytes);
  }
  if (seconds >= 1) {
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(done_bytes) / seconds);
    line += fmt::format("  {}/s", format_size_approx(rate));
  }
  if (!detail.empty()) line += fmt::format("  {}", detail);
  return line;
}

}  // namespace seekfs::cli
