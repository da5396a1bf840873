// A directory of its own for a test, gone with everything in it when the test ends.
#pragma once

#include <string>

namespace seekfs::env {

/// Below the system's directory for temporary files. Throws std::runtime_error when it can't be made.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  /// Absolute, without links.
  const std::string& path() const noexcept { return path_; }
  /// The path of something in it.
  std::string at(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace seekfs::env
