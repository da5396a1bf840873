// The layers of load_config(), one after the other, and what "auto" comes to.
#include "app/config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "app/config/suggest.h"
#include "app/config/validate.h"
#include "base/units.h"
#include "env/process.h"

namespace seekfs::app {
namespace {

constexpr std::uint64_t max_file_bytes = MiB;
constexpr std::uint64_t max_auto_l1 = 16 * GiB;
constexpr std::uint64_t min_auto_manifest_memory = 256 * MiB;

std::string variable(const ConfigSources& sources, std::string_view name) {
  for (const auto& [key, value] : sources.environment) {
    if (key == name) return value;
  }
  return {};
}

/// The file to read, by the order of the contract; nothing when none was named and none is there.
Result<std::optional<std::string>> find_file(env::FileSystem& files, const ConfigSources& sources,
                                             const Machine& machine) {
  if (sources.file) return sources.file;
  if (std::string named = variable(sources, "SEEKFS_CONFIG"); !named.empty()) return std::optional(std::move(named));
  std::vector<std::string> candidates;
  if (sources.user_file) {
    std::string base = variable(sources, "XDG_CONFIG_HOME");
    if (base.empty() && !machine.home.empty()) base = machine.home + "/.config";
    if (!base.empty()) candidates.push_back(base + "/seekfs/seekfs.toml");
  }
  candidates.push_back(sources.system_file);
  for (const std::string& candidate : candidates) {
    const auto info = files.stat(candidate);
    if (info) return std::optional(candidate);
    if (info.error().code != ErrorCode::not_found) return std::unexpected(info.error());
  }
  return std::optional<std::string>();
}

Result<std::vector<Assignment>> read_environment(const ConfigSources& sources) {
  std::vector<Assignment> found;
  for (const auto& [name, value] : sources.environment) {
    if (!name.starts_with("SEEKFS_") || name.find("__") == std::string::npos) continue;
    std::string key;
    for (std::size_t i = std::string_view("SEEKFS_").size(); i < name.size(); ++i) {
      if (name.compare(i, 2, "__") == 0) {
        key += '.';
        ++i;
      } else {
        key += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
      }
    }
    found.push_back({.key = std::move(key), .raw = value, .origin = name});
  }
  return found;
}

/// What the AWS tools on this machine were told stands for the defaults.
std::vector<Assignment> read_aws_environment(const ConfigSources& sources) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> known = {{
      {"AWS_DEFAULT_REGION", "s3.region"},
      {"AWS_REGION", "s3.region"},
      {"AWS_ENDPOINT_URL", "s3.endpoint"},
      {"AWS_ENDPOINT_URL_S3", "s3.endpoint"},
      {"AWS_CA_BUNDLE", "s3.ca_bundle"},
  }};
  std::vector<Assignment> found;
  for (const auto& [name, key] : known) {
    std::string value = variable(sources, name);
    if (value.empty()) continue;
    // The narrower variable, which comes later, wins.
    std::erase_if(found, [&](const Assignment& before) { return before.key == key; });
    found.push_back({.key = std::string(key), .raw = std::move(value), .origin = std::string(name)});
  }
  return found;
}

/// Applies one layer after the other to a LoadedConfig.
class Resolver {
 public:
  explicit Resolver(const BuildFeatures& features) : features_(features) {
    for (const Key& key : config_keys()) {
      const auto value = parse_value(key.rule, std::string(key.fallback));
      // A default that its own rule refuses is a broken table; schema_test parses them all.
      if (value) apply(key, *value);
      result_.settings.push_back({.key = &key});
    }
  }

  Status add_layer(const std::vector<Assignment>& layer) {
    std::map<const Key*, const Assignment*> seen;
    for (const Assignment& assignment : layer) {
      bool is_alias = false;
      const Key* key = find_key(assignment.key, &is_alias);
      if (key == nullptr) return unknown(assignment);
      const auto [first, inserted] = seen.emplace(key, &assignment);
      if (!inserted && first->second->key != assignment.key) return twice(*key, *first->second, assignment);
      SEEKFS_TRY(set(*key, assignment, is_alias));
    }
    return {};
  }

  LoadedConfig finish(const Machine& machine) && {
    Config& values = result_.values;
    if (automatic("cache.l1_memory")) {
      values.cache.l1_memory = std::max<std::uint64_t>(std::min(max_auto_l1, machine.memory_bytes / 4), MiB);
      note("cache.l1_memory", "auto");
    }
    if (automatic("manifest.memory")) {
      values.manifest.memory = std::max(values.cache.l1_memory / 2, min_auto_manifest_memory);
      note("manifest.memory", "auto");
    }
    if (automatic("s3.path_style")) {
      values.s3.path_style = !values.s3.endpoint.empty();
      note("s3.path_style", "auto");
    }
    if (values.cache.l2.backend == L2Backend::mem && !values.cache.l2.capacity) {
      values.cache.l2.capacity = values.cache.l1_memory;
      note("cache.l2.capacity", "auto: as much as cache.l1_memory");
    }
    return std::move(result_);
  }

 private:
  static std::unexpected<Error> unknown(const Assignment& assignment) {
    if (is_reserved_section(section_of(assignment.key))) {
      return fail(ErrorCode::invalid, fmt::format("{}: [{}] is reserved; this version takes no keys there",
                                                  assignment.origin, section_of(assignment.key)));
    }
    const auto near = nearest_key(assignment.key);
    const bool from_environment = assignment.origin.starts_with("SEEKFS_");
    const std::string hint =
        near ? fmt::format("; did you mean {}?", from_environment ? environment_name(*near) : std::string(*near)) : "";
    return fail(ErrorCode::invalid, fmt::format("{}: unknown key {}{}", assignment.origin, assignment.key, hint));
  }

  static std::unexpected<Error> twice(const Key& key, const Assignment& first, const Assignment& second) {
    return fail(ErrorCode::invalid, fmt::format("{}: {} and its alias {} are both set ({}); keep {}", second.origin,
                                                key.name, key.alias.name, first.origin, key.name));
  }

  Status set(const Key& key, const Assignment& assignment, bool is_alias) {
    const auto value = is_alias && key.alias.unit != 0 ? parse_number_of(key.rule, assignment.raw, key.alias.unit)
                                                       : parse_value(key.rule, assignment.raw);
    const auto context = [&] {
      return fmt::format("{}: {} = {}", assignment.origin, assignment.key,
                         key.secret ? quote("********") : to_string(assignment.raw));
    };
    if (!value) return std::unexpected(value.error().with_context(context()));
    if (key.rule.type == ValueType::choice) {
      const auto present = features_.require(key.name, split_choices(key.rule.choices)[value->number]);
      if (!present) return std::unexpected(present.error().with_context(context()));
    }
    if (is_alias) {
      warn_once(fmt::format("{}: {} is an older name of {}", assignment.origin, assignment.key, key.name),
                key.alias.name);
    }
    if (value->used_choice_alias) {
      warn_once(fmt::format("{}: {} = {} is an older word for {}", assignment.origin, key.name,
                            to_string(assignment.raw), format_value(key.rule, *value)),
                key.rule.choice_alias);
    }
    apply(key, *value);
    result_.settings[index_of(key)].origin = assignment.origin;
    return {};
  }

  void apply(const Key& key, const Value& value) {
    key.store(result_.values, value);
    automatic_[&key] = value.automatic;
  }

  static std::size_t index_of(const Key& key) { return static_cast<std::size_t>(&key - config_keys().data()); }
  bool automatic(std::string_view name) { return automatic_[find_key(name)]; }
  void note(std::string_view name, std::string_view how) {
    result_.settings[index_of(*find_key(name))].origin += fmt::format(" ({})", how);
  }
  void warn_once(std::string text, std::string_view about) {
    if (!warned_.emplace(about).second) return;
    result_.warnings.push_back(std::move(text));
  }

  const BuildFeatures& features_;
  LoadedConfig result_;
  std::map<const Key*, bool> automatic_;
  std::set<std::string, std::less<>> warned_;
};

}  // namespace

Machine this_machine() { return {.memory_bytes = env::memory_limit(), .home = env::home_directory()}; }

const Setting& LoadedConfig::setting(std::string_view key) const {
  return *std::ranges::find_if(settings, [key](const Setting& one) { return one.key->name == key; });
}

Result<LoadedConfig> load_config(env::FileSystem& files, const ConfigSources& sources, const BuildFeatures& features,
                                 const Machine& machine) {
  Resolver resolver(features);
  SEEKFS_ASSIGN(const std::optional<std::string> file, find_file(files, sources, machine));
  SEEKFS_TRY(resolver.add_layer(read_aws_environment(sources)));
  if (file) {
    auto text = env::read_file(files, *file, max_file_bytes);
    if (!text) return std::unexpected(text.error().with_context("configuration file " + *file));
    SEEKFS_ASSIGN(const std::vector<Assignment> layer, parse_toml(*text, *file));
    SEEKFS_TRY(resolver.add_layer(layer));
  }
  SEEKFS_ASSIGN(const std::vector<Assignment> environment, read_environment(sources));
  SEEKFS_TRY(resolver.add_layer(environment));
  SEEKFS_TRY(resolver.add_layer(sources.flags));
  LoadedConfig loaded = std::move(resolver).finish(machine);
  loaded.file = file;
  SEEKFS_TRY(validate(loaded));
  return loaded;
}

}  // namespace seekfs::app
