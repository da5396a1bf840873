// Tables, times and names as text.
#include "cli/text_format.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

namespace seekfs::cli {
namespace {

std::size_t width(std::string_view text) {
  // A continuation byte of UTF-8 starts no character.
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string Table::to_string() const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, width(row[i]));
    widths.push_back(widest);
    titles.push_back(columns_[i].title);
  }
  std::string text;
  const auto write = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - width(cells[i]), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  write(titles);
  for (const auto& row : rows_) write(row);
  return text;
}

std::string format_time(std::int64_t unix_seconds) {
  const time_t seconds = unix_seconds;
  tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return std::to_string(unix_seconds);
  const long offset = local.tm_gmtoff;
  const long minutes = (offset < 0 ? -offset : offset) / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1,
                     local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, offset < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
}

}  // namespace seekfs::cli
