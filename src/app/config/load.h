// From sources to one configuration: defaults < file < environment < flags, every value checked, every value's origin
// kept.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config/config.h"
#include "app/config/features.h"
#include "app/config/schema.h"
#include "app/config/toml_source.h"
#include "base/error.h"
#include "env/file.h"

namespace seekfs::app {

struct ConfigSources {
  std::optional<std::string> file;  ///< --config; must exist
  bool user_file = false;           ///< tools look for the user's file too: $XDG_CONFIG_HOME/seekfs/seekfs.toml
  std::string system_file = "/etc/seekfs/seekfs.toml";  ///< read when it exists and nothing before it was found
  std::vector<std::pair<std::string, std::string>> environment;  ///< all of it; $SEEKFS_CONFIG must exist when set
  std::vector<Assignment> flags;
};

/// What "auto" depends on.
struct Machine {
  std::uint64_t memory_bytes = 0;
  std::string home;
};
Machine this_machine();

/// One key of the table and where its value came from.
struct Setting {
  const Key* key = nullptr;
  std::string origin = "default";  ///< or file:line, a variable, a flag; a default that was resolved says by what
};

struct LoadedConfig {
  Config values;
  std::vector<Setting> settings;      ///< all keys, in the table's order
  std::vector<std::string> warnings;  ///< aliases in use; to be logged once at start
  std::optional<std::string> file;    ///< the file that was read

  const Setting& setting(std::string_view key) const;  ///< `key` is in the table
};

/// Errors are `invalid` (not_found for a file that was named and is not there) with origin, key, value and what is
/// accepted; the value of a secret is never in them. Names unknown keys' nearest neighbours. A key and its alias in the
/// same source are an error; across sources the later source wins.
Result<LoadedConfig> load_config(env::FileSystem& files, const ConfigSources& sources, const BuildFeatures& features,
                                 const Machine& machine);

}  // namespace seekfs::app
