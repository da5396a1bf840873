// The configuration as text: `config show`.
#pragma once

#include <string>

#include "app/config/load.h"

namespace seekfs::app {

/// One "section.key = value" a line, in the table's order: TOML that loads back, but for secrets, which are masked.
/// With `origins`, each line ends in a comment that says where its value came from.
std::string show_config(const LoadedConfig& loaded, bool origins);

}  // namespace seekfs::app
