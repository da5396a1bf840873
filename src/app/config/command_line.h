// Flags: one a key of the table, the same for seekfsd and seekfs-ctl, and seekfsd's whole command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config/load.h"
#include "base/error.h"

namespace CLI {
class App;
}

namespace seekfs::app {

/// Adds --config F and one "--section.key VALUE" a key to `app`, under the help heading `group` (empty: not in the
/// help). Switches may stand without a value. What is given lands in `sources`, which outlives the parse.
void add_config_flags(CLI::App& app, ConfigSources& sources, const std::string& group);

struct DaemonCommandLine {
  ConfigSources sources;              ///< environment not filled in
  std::optional<std::string> answer;  ///< --help or --version: print it to stdout and exit 0
};

/// `arguments` without the program's name. `bad_request` on a wrong command line.
Result<DaemonCommandLine> parse_daemon_command_line(std::vector<std::string> arguments);

}  // namespace seekfs::app
