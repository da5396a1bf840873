// What `seekfs-ctl doctor` found by one check, as a line for people, as JSON, and as an exit code.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/exit_code.h"

namespace seekfs::cli {

enum class Grade : std::uint8_t { ok, warn, fail };
std::string_view to_string(Grade grade) noexcept;

/// A value. No part of it holds a secret; texts of others are printable().
struct Finding {
  std::string check;  ///< one word, e.g. "clock"
  Grade grade = Grade::ok;
  std::string seen;
  std::string fix;                      ///< what to do about it; empty when it is ok
  ExitCode failure = ExitCode::origin;  ///< what the command ends with when this is the first that failed

  static Finding ok(std::string check, std::string seen) { return {std::move(check), Grade::ok, std::move(seen), {}}; }
  static Finding warn(std::string check, std::string seen, std::string fix) {
    return {std::move(check), Grade::warn, std::move(seen), std::move(fix)};
  }
  static Finding fail(std::string check, std::string seen, std::string fix, ExitCode code = ExitCode::origin) {
    return {std::move(check), Grade::fail, std::move(seen), std::move(fix), code};
  }
};

/// Takes findings as they are made; an error means that nobody reads them any more.
using FindingSink = std::function<Status(const Finding&)>;

/// "ok    clock          0.2 s behind the server's\n", and a second line with the fix.
std::string finding_text(const Finding& finding, bool color);
/// One object in one line: check, status, detail, and fix where there is one.
std::string finding_json(const Finding& finding);

}  // namespace seekfs::cli
