// CLI11 behind the flags; its exceptions stop here.
#include "app/config/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace seekfs::app {

void add_config_flags(CLI::App& app, ConfigSources& sources, const std::string& group) {
  app.add_option("--config", sources.file, "configuration file (TOML)")->type_name("FILE");
  for (const Key& key : config_keys()) {
    const std::string flag = "--" + std::string(key.name);
    const auto remember = [&sources, flag, name = std::string(key.name)](const std::string& text) {
      sources.flags.push_back({.key = name, .raw = text, .origin = flag});
    };
    const std::string doc = fmt::format("{} [{}]", key.doc, key.fallback);
    const bool is_switch = key.rule.type == ValueType::boolean;
    CLI::Option* option = app.add_option(
        flag,
        [remember, is_switch](const CLI::results_t& values) {
          const std::string text = fmt::format("{}", fmt::join(values, ","));
          remember(is_switch && text.empty() ? "true" : text);
          return true;
        },
        doc);
    option->type_name("");
    if (is_switch) option->expected(0, 1);
    if (key.rule.type == ValueType::list) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    option->group(group);
  }
}

Result<DaemonCommandLine> parse_daemon_command_line(std::vector<std::string> arguments) {
  DaemonCommandLine line;
  CLI::App app("Serves verified byte ranges of published data sets over HTTP.", "seekfsd");
  app.get_formatter()->column_width(44);
  app.set_version_flag("--version", std::string("seekfsd ") + SEEKFS_VERSION);
  add_config_flags(app, line.sources, "Configuration (defaults in brackets)");
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    line.answer = app.help();
  } catch (const CLI::CallForVersion& version) {
    line.answer = std::string(version.what()) + "\n";
  } catch (const CLI::Error& error) {
    return fail(ErrorCode::bad_request, fmt::format("{}; seekfsd --help lists the flags", error.what()));
  }
  return line;
}

}  // namespace seekfs::app
