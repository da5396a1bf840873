// Another program, run to its end: what it wrote on its standard output, and how it ended.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "env/clock.h"

namespace seekfs::env {

struct SubprocessOptions {
  /// The program and its arguments, at least one; no shell sees them. A name without a slash is looked up in PATH.
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;  ///< all that it gets
  TimePoint deadline = TimePoint::max();
  std::uint64_t output_limit = 64 * 1024;
  std::stop_token stop;  ///< ends it early
};

struct SubprocessResult {
  std::string output;  ///< of standard output; standard error goes nowhere
  int exit_code = 0;   ///< 128 + N when signal N ended it, as shells count
};

/// Blocks. The program reads /dev/null, has no signal blocked or ignored, and leads a process group of its own, which
/// is killed at the deadline, on `stop`, when it writes too much, and once it has ended: nothing of it lives on, unless
/// it left the group. An exit code other than 0 is no error here. Errors, none of which holds an argument or output:
/// not_found and denied (the program can't be started), timeout, cancelled (stop), too_large, transient.
Result<SubprocessResult> run_subprocess(const SubprocessOptions& options, Clock& clock);

}  // namespace seekfs::env
