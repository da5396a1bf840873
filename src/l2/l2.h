// The contract of the local cache under the RAM cache: mem, none, and the ones on disk. l2_contract_testing.h is the
// suite that each must pass.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "async/task.h"
#include "base/page.h"
#include "manifest/page_key.h"

namespace seekfs::l2 {

struct L2Stats {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t capacity_bytes = 0;
  std::uint64_t evicted_pages = 0;
  std::uint64_t written_bytes = 0;
};

/// What a manifest says of a page besides its key. A view: who passes it keeps the text.
struct PageFacts {
  std::uint32_t crc32c = 0;
  std::string_view ns;
  std::string_view path;
  std::string_view hash;  ///< of the file, lower-case hex without its algorithm
};

/// May lose any page at any time; never gives bytes of another key. It stores and returns bytes without judging them:
/// who asks verifies them against the manifest. Thread-safe.
class L2 {
 public:
  virtual ~L2() = default;

  /// False: get() would certainly miss. Never waits and does no I/O, so that pages that are not here are asked of the
  /// object store together.
  virtual bool may_contain(const manifest::PageKey& key, const PageFacts& facts) const = 0;

  /// Fills `out`, which has exactly key.len bytes, and gives true; false when the page is not here. An Error means that
  /// the tier failed; for the reader that is a miss. `out` and the texts of `facts` must live until the task is done.
  virtual async::Task<bool> get(manifest::PageKey key, PageFacts facts, std::span<std::byte> out) = 0;

  /// Offers a verified page, whose CRC32C is that of `facts`. May drop it, silently, when it is busy or full; never
  /// waits for space. Returns at once: work that blocks happens on the tier's own threads, which hold the page until
  /// then. The texts of `facts` are not used after the call.
  virtual void put(const manifest::PageKey& key, const PageFacts& facts, PageRef page) = 0;

  /// The page was found to be wrong: forget it.
  virtual void remove(const manifest::PageKey& key) = 0;

  virtual bool enabled() const = 0;  ///< false: get always misses and put does nothing; callers need not ask
  virtual L2Stats stats() const = 0;
};

/// Keeps nothing.
std::unique_ptr<L2> make_none();
/// Keeps page copies in RAM, at most `capacity_bytes` of payload and overhead together; evicts in insertion order with
/// a second chance for pages that were read since.
std::unique_ptr<L2> make_mem(std::uint64_t capacity_bytes);

}  // namespace seekfs::l2
