// mkdtemp, and removal of the whole tree.
#include "env/temp_directory_testing.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace seekfs::env {

TempDirectory::TempDirectory() {
  const std::filesystem::path parent = std::filesystem::canonical(std::filesystem::temp_directory_path());
  path_ = (parent / "seekfs-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_ + " failed");
}

TempDirectory::~TempDirectory() {
  // A test may have taken permissions away; what is left then is the system's to clean.
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace seekfs::env
