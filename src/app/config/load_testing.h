// What the tests of loading share: a fixture with a directory, sources and a machine of 8 GiB.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "app/config/load.h"
#include "base/units.h"
#include "env/temp_directory_testing.h"

namespace seekfs::app {

/// A directory for files, sources that see nothing of this machine, and one way to load them.
class Load : public testing::Test {
 protected:
  void SetUp() override { sources_.system_file = directory_ + "/absent.toml"; }

  std::string write(const std::string& text, const std::string& name = "seekfs.toml") {
    const std::filesystem::path path = directory_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  void flag(const std::string& key, const std::string& text) { sources_.flags.push_back({key, text, "--" + key}); }
  Result<LoadedConfig> load(const BuildFeatures& features = full_build()) {
    return load_config(env::posix_file_system(), sources_, features, {.memory_bytes = 8 * GiB, .home = directory_});
  }
  /// The message of the load's failure, with the file's path as "F".
  std::string error(const BuildFeatures& features = full_build()) {
    const auto loaded = load(features);
    if (loaded) return "loaded";
    EXPECT_EQ(loaded.error().code, ErrorCode::invalid);
    std::string message = loaded.error().message;
    const std::string file = directory_ + "/seekfs.toml";
    for (std::size_t at = message.find(file); at != std::string::npos; at = message.find(file)) {
      message.replace(at, file.size(), "F");
    }
    return message;
  }
  std::string error_of(const std::string& toml, const BuildFeatures& features = full_build()) {
    sources_.file = write(toml);
    return error(features);
  }
  static std::string shown(const LoadedConfig& loaded, std::string_view key) {
    return display(*loaded.setting(key).key, loaded.values);
  }

  env::TempDirectory temporary_;
  std::string directory_ = temporary_.path();
  ConfigSources sources_;
};

}  // namespace seekfs::app
