// Columns and colours of findings.
#include "cli/doctor/finding.h"

#include <fmt/format.h>

#include "http/json_text.h"

namespace seekfs::cli {
namespace {

std::string_view color_of(Grade grade) {
  switch (grade) {
    case Grade::ok: return "\033[32m";
    case Grade::warn: return "\033[33m";
    case Grade::fail: return "\033[31m";
  }
  return "";
}

}  // namespace

std::string_view to_string(Grade grade) noexcept {
  switch (grade) {
    case Grade::ok: return "ok";
    case Grade::warn: return "warn";
    case Grade::fail: return "fail";
  }
  return "fail";
}

std::string finding_text(const Finding& finding, bool color) {
  const std::string word = fmt::format("{:<4}", to_string(finding.grade));
  std::string text = fmt::format("{}{}{}  {:<13}  {}\n", color ? color_of(finding.grade) : "", word,
                                 color ? "\033[0m" : "", finding.check, finding.seen);
  if (!finding.fix.empty()) text += fmt::format("{:>19}  fix: {}\n", "", finding.fix);
  return text;
}

std::string finding_json(const Finding& finding) {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("check", finding.check).member("status", to_string(finding.grade));
  json.member("detail", finding.seen);
  if (!finding.fix.empty()) json.member("fix", finding.fix);
  json.end_object();
  return text + "\n";
}

}  // namespace seekfs::cli
