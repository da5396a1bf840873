// completion: scripts for shells, made from the command line's own definition.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"

namespace seekfs::cli {
namespace {

/// One command with what may follow it.
struct Node {
  std::string path;                                          ///< "version diff"; empty for the program
  std::vector<std::pair<std::string, std::string>> verbs;    ///< name and what it does
  std::vector<std::pair<std::string, std::string>> options;  ///< "--json" and what it does
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The program and all its commands; what the help hides is left out.
void collect(const CLI::App& app, const std::string& path, std::vector<Node>& nodes) {
  Node node{.path = path, .verbs = {}, .options = {}};
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) node.verbs.emplace_back(sub->get_name(), first_line(sub->get_description()));
  }
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) {
      node.options.emplace_back("--" + name, first_line(option->get_description()));
    }
  }
  nodes.push_back(node);
  for (const auto& [name, doc] : node.verbs) {
    collect(*app.get_subcommand(name), path.empty() ? name : path + " " + name, nodes);
  }
}

std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      quoted += "'\\''";
    } else {
      quoted += letter;
    }
  }
  return quoted + "'";
}

/// The words that may follow each command, as branches of a shell's case statement.
std::string branches(const std::vector<Node>& nodes) {
  std::string text;
  for (const Node& node : nodes) {
    std::string words;
    for (const auto& [name, doc] : node.verbs) words += (words.empty() ? "" : " ") + name;
    for (const auto& [name, doc] : node.options) words += (words.empty() ? "" : " ") + name;
    if (!node.path.empty()) {
      for (const auto& [name, doc] : nodes.front().options) words += " " + name;
    }
    text += fmt::format("    {}) words={} ;;\n", single_quoted(node.path), single_quoted(words));
  }
  return text;
}

/// All commands as one pattern of a case statement.
std::string known_commands(const std::vector<Node>& nodes) {
  std::string pattern;
  for (const Node& node : nodes) {
    if (!node.path.empty()) pattern += (pattern.empty() ? "" : "|") + single_quoted(node.path);
  }
  return pattern;
}

std::string bash_script(const std::vector<Node>& nodes) {
  return fmt::format(
      "# bash completion for seekfs-ctl: source <(seekfs-ctl completion bash)\n"
      "_seekfs_ctl() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} path='' word words=''\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case \"${{path:+$path }}$word\" in\n"
      "    {}) path=\"${{path:+$path }}$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case $path in\n{}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "}}\n"
      "complete -o filenames -F _seekfs_ctl seekfs-ctl\n",
      known_commands(nodes), branches(nodes));
}

std::string zsh_script(const std::vector<Node>& nodes) {
  return "# zsh completion for seekfs-ctl: source <(seekfs-ctl completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_script(nodes);
}

std::string fish_script(const std::vector<Node>& nodes) {
  std::string text = "# fish completion for seekfs-ctl: seekfs-ctl completion fish | source\n";
  for (const Node& node : nodes) {
    const std::string condition =
        node.path.empty() ? "__fish_use_subcommand" : fmt::format("__fish_seen_subcommand_from {}", node.path);
    // A verb is offered behind its noun; options behind the whole command.
    std::string when = condition;
    if (const std::size_t space = node.path.find(' '); space != std::string::npos) {
      when = fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}",
                         node.path.substr(0, space), node.path.substr(space + 1));
    }
    for (const auto& [name, doc] : node.verbs) {
      text += fmt::format("complete -c seekfs-ctl -n {} -f -a {} -d {}\n", single_quoted(condition), name,
                          single_quoted(doc));
    }
    for (const auto& [name, doc] : node.options) {
      const std::string always = node.path.empty() ? "" : fmt::format(" -n {}", single_quoted(when));
      text += fmt::format("complete -c seekfs-ctl{} -l {} -d {}\n", always, name.substr(2), single_quoted(doc));
    }
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& app, Command& chosen) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "a completion script for a shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &chosen] {
    chosen = [shell, &app](Session& session) -> Result<ExitCode> {
      std::vector<Node> nodes;
      collect(app, "", nodes);
      const std::string script =
          *shell == "bash" ? bash_script(nodes) : (*shell == "zsh" ? zsh_script(nodes) : fish_script(nodes));
      SEEKFS_TRY(session.console().out(script));
      return ExitCode::ok;
    };
  });
}

}  // namespace seekfs::cli
