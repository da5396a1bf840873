// What the tests of a store share: pages whose bytes follow from their key, and a store on a given file system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/file.h"
#include "env/random.h"
#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore {

/// How much less a sanitized build, which is many times slower, tests.
#ifdef SEEKFS_SANITIZED
inline constexpr std::uint64_t sanitized_divisor = 20;
#else
inline constexpr std::uint64_t sanitized_divisor = 1;
#endif

/// The bytes of a page: a pure function of its key.
void fill_from_key(const manifest::PageKey& key, std::span<std::byte> out);

/// The page number `id` of `length` bytes.
NewPage make_test_page(std::uint64_t id, std::uint32_t length);

/// Pages 0 to count - 1 with lengths by seed from 1 to `longest`: every second one is of any length, the others are
/// rather short.
std::vector<NewPage> make_test_pages(std::uint64_t count, std::uint32_t longest, std::uint64_t seed);

/// What a reader that verifies gets. `corrupt`: the store gave bytes whose CRC32C is not the page's; such a reader
/// takes it as a miss.
enum class TestRead : std::uint8_t { hit, miss, corrupt };

/// Reads and verifies as fetch/verify.h does; bytes that pass the CRC are compared with what the key says, and a
/// difference is a test failure. Asks try_read() first when `without_waiting`.
Result<TestRead> read_test_page(SegmentStore& store, const NewPage& page, bool without_waiting = false);

/// A store, and what it needs to be opened again.
class StoreForTest {
 public:
  StoreForTest(env::FileSystem& files, StoreOptions options, std::uint64_t seed = 1);

  /// Lets go of what was open, as a kill would, then opens.
  Status open();
  void abandon() { store_.reset(); }
  SegmentStore& store() { return *store_; }
  SegmentStore* operator->() { return store_.get(); }
  bool is_open() const { return store_ != nullptr; }
  Status append(std::span<const NewPage> pages) { return store_->append(pages); }
  Status append(const NewPage& page) { return store_->append(std::span(&page, 1)); }
  TestRead read(const NewPage& page);  ///< an Error is a test failure

 private:
  env::FileSystem& files_;
  const StoreOptions options_;
  std::unique_ptr<env::Random> random_;
  std::unique_ptr<SegmentStore> store_;
};

/// The smallest store: 1 MiB in segments of 64 KiB, in /store.
StoreOptions tiny_store();

/// Bytes on disk of a directory and everything below it.
std::uint64_t bytes_on_disk(env::FileSystem& files, const std::string& path);
/// The names of the segment files, in order.
std::vector<std::string> segment_files(env::FileSystem& files, const std::string& path);

}  // namespace seekfs::segmentstore
