// seekfs-ctl's command line as a whole.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands/commands.h"

namespace seekfs::cli {

/// All commands and global options on one CLI::App; `globals` and `chosen` outlive it.
std::unique_ptr<CLI::App, void (*)(CLI::App*)> make_command_line(GlobalOptions& globals, Command& chosen);

struct ParsedLine {
  std::optional<std::string> answer;  ///< --help or --version: print it to stdout and exit 0
};

/// `arguments` without the program's name. bad_request on a wrong command line, saying where help is.
Result<ParsedLine> parse(CLI::App& app, std::vector<std::string> arguments);

}  // namespace seekfs::cli
