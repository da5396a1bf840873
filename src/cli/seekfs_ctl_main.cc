// seekfs-ctl: parses the command line, runs the command, turns its result into an exit code.
#include <CLI/CLI.hpp>

#include "cli/command_line.h"

namespace seekfs::cli {
namespace {

int code_of(ExitCode code) { return static_cast<int>(code); }

int run(std::vector<std::string> arguments) {
  const std::unique_ptr<env::Clock> clock = env::make_system_clock();
  Console console(Console::standard_streams(), *clock);
  GlobalOptions globals;
  Command chosen;
  const auto app = make_command_line(globals, chosen);
  const auto line = parse(*app, std::move(arguments));
  if (!line) {
    console.error(line.error().message);
    return code_of(ExitCode::usage);
  }
  Result<ExitCode> result = ExitCode::ok;
  if (line->answer) {
    if (auto written = console.out(*line->answer); !written) result = std::unexpected(written.error());
  } else {
    Session session(globals, env::posix_file_system(), *clock, console);
    result = chosen(session);
  }
  console.clear_progress();
  if (auto flushed = console.flush(); !flushed && result) result = std::unexpected(flushed.error());
  if (result) return code_of(*result);
  // Nobody reads stdout any more, and nobody asked to be told.
  if (result.error().code != ErrorCode::cancelled) console.error(result.error().message);
  return code_of(exit_code(result.error().code));
}

}  // namespace
}  // namespace seekfs::cli

int main(int count, char** arguments) {
  return seekfs::cli::run(std::vector<std::string>(arguments + 1, arguments + count));
}
