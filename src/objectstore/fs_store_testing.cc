// Temporary directories and stores in them.
#include "objectstore/fs_store_testing.h"

#include <stdlib.h>

#include <stdexcept>

namespace seekfs::objectstore {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "seekfs-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern + " failed");
  path_ = std::filesystem::canonical(pattern);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

FsStoreForTest::FsStoreForTest(env::FileSystem& files) {
  const Status created = create_fs_store_root(env::posix_file_system(), root().string());
  if (!created) throw std::runtime_error(created.error().message);
  store_ = make_fs_store(root().string(), {files, clock_, *random_, pool_});
}

}  // namespace seekfs::objectstore
