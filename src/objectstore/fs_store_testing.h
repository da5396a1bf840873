// An fs store in a temporary directory, with everything it needs, for tests.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "async/thread_pool.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "env/temp_directory_testing.h"
#include "objectstore/fs_store.h"

namespace seekfs::objectstore {

/// The root is `outside() / "root"`, so that there is room beside it for what must not be reached.
class FsStoreForTest {
 public:
  explicit FsStoreForTest(env::FileSystem& files = env::posix_file_system());

  ObjectStore& store() noexcept { return *store_; }
  env::ManualClock& clock() noexcept { return clock_; }
  std::filesystem::path outside() const { return directory_.path(); }
  std::filesystem::path root() const { return outside() / "root"; }

 private:
  env::TempDirectory directory_;
  env::ManualClock clock_;
  std::unique_ptr<env::Random> random_ = env::make_system_random();
  async::ThreadPool pool_{"fs-test", 4};
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace seekfs::objectstore
