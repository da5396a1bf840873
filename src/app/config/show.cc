// Lines of `config show`, comments aligned.
#include "app/config/show.h"

#include <fmt/format.h>

#include <algorithm>

namespace seekfs::app {

std::string show_config(const LoadedConfig& loaded, bool origins) {
  constexpr std::size_t widest_aligned = 60;
  std::vector<std::string> lines;
  std::size_t width = 0;
  for (const Setting& setting : loaded.settings) {
    lines.push_back(fmt::format("{} = {}", setting.key->name, display(*setting.key, loaded.values)));
    if (lines.back().size() <= widest_aligned) width = std::max(width, lines.back().size());
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (origins) {
      text += fmt::format("{:<{}}  # {}\n", lines[i], width, loaded.settings[i].origin);
    } else {
      text += lines[i] + "\n";
    }
  }
  return text;
}

}  // namespace seekfs::app
