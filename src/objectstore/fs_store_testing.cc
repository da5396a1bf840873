// Makes the root and the store in it.
#include "objectstore/fs_store_testing.h"

#include <stdexcept>

namespace seekfs::objectstore {

FsStoreForTest::FsStoreForTest(env::FileSystem& files) {
  const Status created = create_fs_store_root(env::posix_file_system(), root().string());
  if (!created) throw std::runtime_error(created.error().message);
  store_ = make_fs_store(root().string(), {files, clock_, *random_, pool_});
}

}  // namespace seekfs::objectstore
