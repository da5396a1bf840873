// The command line of seekfs-bench as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/delay_proxy.h"
#include "bench/run.h"
#include "bench/simulate_command.h"
#include "bench/target.h"

namespace seekfs::bench {

enum class Action : std::uint8_t { answer, prepare, run, compare, delay_proxy, simulate };

struct CommandLine {
  Action action = Action::answer;
  std::string answer;  ///< help or version, for stdout

  std::string directory;  ///< prepare
  DataSet data;           ///< prepare

  TargetOptions target;             ///< run
  RunOptions run;                   ///< run; the data set is the target's and not set here
  std::optional<std::string> json;  ///< run: where the report goes besides stdout
  std::optional<std::string> svg;   ///< run
  std::string text;                 ///< run: the command line as it was given

  std::string first;   ///< compare
  std::string second;  ///< compare

  DelayProxyOptions proxy;  ///< delay_proxy

  SimulationRequest simulation;  ///< simulate
};

/// `bad_request` for what is no command line of this program, `invalid` for values that can't be; both name it.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace seekfs::bench
