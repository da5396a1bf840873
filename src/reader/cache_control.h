// What the local tiers hold of published files, and what an operator may ask of them: to forget, check and tidy up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/page_cache.h"
#include "l2/l2.h"
#include "l2/l2_admin.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// All outlive the service.
struct CacheControlParts {
  cache::PageCache& l1;
  l2::L2& l2;
  l2::L2Admin* admin = nullptr;  ///< of an L2 that lives on disk; null when it does not
};

/// How much of a file the tiers hold, bytes. L2 may promise more than it has.
struct HeldBytes {
  std::uint64_t l1 = 0;
  std::uint64_t l2 = 0;
};

/// Thread-safe. Work that takes long gives way to others on the executor every few thousand pages. A page that is on
/// its way while its file is dropped may come in again behind that. Errors: bad_request when there is no L2 on disk
/// that could do it, `exhausted`, `cancelled` (the daemon is stopping), `internal` (the disk failed; the message says
/// how).
class CacheControl {
 public:
  explicit CacheControl(CacheControlParts parts) : parts_(parts) {}

  cache::PageCacheStats l1() const { return parts_.l1.stats(); }
  std::uint64_t l1_capacity() const { return parts_.l1.capacity(); }
  bool l2_enabled() const { return parts_.l2.enabled(); }
  l2::L2Stats l2() const { return parts_.l2.stats(); }
  /// Every directory of an L2 on disk.
  std::vector<l2::DiskStatus> disks() const;
  /// What is degraded, one sentence each: directories that are switched off.
  std::vector<std::string> degraded() const;

  async::Task<HeldBytes> held(FileRef file) const;
  /// Takes the file's pages out of L1 and L2; how many it has.
  async::Task<std::uint64_t> drop(FileRef file);
  /// The same for all files of a version.
  async::Task<std::uint64_t> drop(VersionRef version);
  /// Empties L1 and L2.
  async::Task<void> drop_all();

  async::Task<l2::CheckReport> check();
  async::Task<void> compact();

 private:
  Result<l2::L2Admin*> admin() const;
  void forget(const manifest::PageKey& key);

  CacheControlParts parts_;
};

}  // namespace seekfs::reader
