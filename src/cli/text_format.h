// Text for people: aligned tables, local times, terminal-safe names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/printable.h"

namespace seekfs::cli {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

/// Rows of cells under titles, each column as wide as its widest cell, two spaces between; no spaces at line ends.
/// Widths are counted in characters, not bytes.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// `cells` has one entry a column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string to_string() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "2025-11-22T09:06:40+01:00" in the machine's time zone.
std::string format_time(std::int64_t unix_seconds);

}  // namespace seekfs::cli
