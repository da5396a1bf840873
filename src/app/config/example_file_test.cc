// seekfs.toml at the root of the repository: it names exactly the keys of the table, with their defaults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "app/config/load.h"
#include "app/config/toml_source.h"

namespace seekfs::app {
namespace {

/// The example with its settings switched on: a line "#key = value" is a setting, "# words" is prose.
std::string uncommented_example() {
  std::ifstream file(SEEKFS_SOURCE_DIR "/seekfs.toml");
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ') line.erase(0, 1);
    text += line + "\n";
  }
  return text;
}

TEST(ExampleFile, NamesEveryKeyOnceWithItsDefault) {
  const auto found = parse_toml(uncommented_example(), "seekfs.toml");
  ASSERT_TRUE(found) << found.error().message;
  std::map<std::string, RawValue> settings;
  for (const Assignment& assignment : *found) settings.emplace(assignment.key, assignment.raw);
  for (const Key& key : config_keys()) {
    const auto setting = settings.find(std::string(key.name));
    ASSERT_NE(setting, settings.end()) << key.name << " is missing in seekfs.toml";
    const auto shown = parse_value(key.rule, setting->second);
    ASSERT_TRUE(shown) << key.name << ": " << shown.error().message;
    EXPECT_EQ(format_value(key.rule, *shown), format_value(key.rule, *parse_value(key.rule, std::string(key.fallback))))
        << key.name;
    settings.erase(setting);
  }
  EXPECT_TRUE(settings.empty()) << settings.begin()->first << " is no key of the table";
}

TEST(ExampleFile, IsAllComments) {
  std::ifstream file(SEEKFS_SOURCE_DIR "/seekfs.toml");
  std::stringstream text;
  text << file.rdbuf();
  ASSERT_FALSE(text.str().empty());
  const auto found = parse_toml(text.str(), "seekfs.toml");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->empty());
}

}  // namespace
}  // namespace seekfs::app
