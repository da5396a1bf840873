// The commands of seekfs-ctl: each function adds one noun with its verbs and options to the command line.
#pragma once

#include <functional>

#include "base/error.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace CLI {
class App;
}

namespace seekfs::cli {

/// What the parsed command line asks for; set by the parse.
using Command = std::function<Result<ExitCode>(Session&)>;

// `chosen` outlives the parse. Everything that reads or writes the store or the daemon happens when it is called.
void add_health(CLI::App& app, Command& chosen);
void add_publish(CLI::App& app, Command& chosen);
void add_namespaces(CLI::App& app, Command& chosen);
void add_versions(CLI::App& app, Command& chosen);
void add_ls(CLI::App& app, Command& chosen);
void add_files(CLI::App& app, Command& chosen);  ///< stat, cat
void add_get(CLI::App& app, Command& chosen);
void add_verify(CLI::App& app, Command& chosen);
void add_gc(CLI::App& app, Command& chosen);
void add_warm(CLI::App& app, Command& chosen);
void add_hint(CLI::App& app, Command& chosen);
void add_cache(CLI::App& app, Command& chosen);
void add_config(CLI::App& app, Command& chosen);
void add_doctor(CLI::App& app, Command& chosen);
void add_completion(CLI::App& app, Command& chosen);

}  // namespace seekfs::cli
