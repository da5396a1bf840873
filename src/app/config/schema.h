// The one table of configuration keys: names, types, bounds, defaults, aliases and where each value goes. Files,
// environment, flags, `config show`, help and seekfs.toml's test are all made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/config/value.h"

namespace seekfs::app {

/// An older name of a key. With a unit the alias takes a number of it; with 0 it takes what the key takes.
struct KeyAlias {
  std::string_view name = {};
  std::uint64_t unit = 0;
};

struct Key {
  std::string_view name;      ///< "cache.l2.backend"
  std::string_view fallback;  ///< the default as text, as an environment variable would give it
  std::string_view doc;       ///< one line
  ValueRule rule;
  KeyAlias alias = {};
  bool secret = false;  ///< never shown
  void (*store)(Config&, const Value&) = nullptr;
  Value (*load)(const Config&) = nullptr;
};

/// All keys, grouped by section in the order of seekfs.toml.
std::span<const Key> config_keys();

/// The key of this name; with `is_alias`, also by its older name (then *is_alias is true). Null: there is none.
const Key* find_key(std::string_view name, bool* is_alias = nullptr);

/// "cache.l2" of "cache.l2.backend".
std::string_view section_of(std::string_view name);

/// True for "cache" and "cache.l2": a table of the file that holds keys or other tables.
bool is_section(std::string_view name);

/// Sections that are set aside for later and take no keys: "auth", "tls".
bool is_reserved_section(std::string_view name);

/// "SEEKFS_CACHE__L2__BACKEND" of "cache.l2.backend".
std::string environment_name(std::string_view key);

/// The value as `config show` prints it: the text of the key's current value, "********" for a secret that is set.
std::string display(const Key& key, const Config& config);

}  // namespace seekfs::app
