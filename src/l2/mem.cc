// The second tier in RAM: copies of pages, so that it holds none of the memory that the node's budget counts.
#include <algorithm>
#include <list>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "l2/l2.h"

namespace seekfs::l2 {
namespace {

using manifest::PageKey;

struct Entry {
  PageKey key;
  PageRef page;
  bool read = false;  // since it was put or last passed over by eviction
};

using Order = std::list<Entry>;
using Index = std::unordered_map<PageKey, Order::iterator, manifest::PageKeyHash>;

/// What an entry costs besides its bytes: the page's header, a list node, a map node and two buckets, each with the
/// allocator's own header.
constexpr std::uint64_t entry_overhead = 256;
constexpr std::uint64_t allocator_overhead = 16;
static_assert(MutablePage::charge(0) + sizeof(Entry) + 2 * sizeof(void*) + sizeof(Index::value_type) +
                  4 * sizeof(void*) + 3 * allocator_overhead <=
              entry_overhead);

std::uint64_t cost(const PageKey& key) noexcept { return key.len + entry_overhead; }

class Mem final : public L2 {
 public:
  explicit Mem(std::uint64_t capacity_bytes) : capacity_(capacity_bytes) {}

  bool may_contain(const PageKey& key, const PageFacts&) const override { return holds(key); }
  bool holds(const PageKey& key) const {
    MutexLock lock(mutex_);
    return index_.contains(key);
  }

  async::Task<bool> get(PageKey key, PageFacts, std::span<std::byte> out) override {
    const PageRef page = find(key);
    if (!page || page.size() != out.size()) co_return false;
    std::ranges::copy(page.bytes(), out.begin());
    co_return true;
  }

  void put(const PageKey& key, const PageFacts&, PageRef page) override {
    if (!page || page.size() != key.len || cost(key) > capacity_ || holds(key)) return;
    MutablePage copy = MutablePage::allocate(key.len, nullptr);
    if (!copy) return;
    std::ranges::copy(page.bytes(), copy.bytes().begin());
    Order incoming;
    incoming.push_back(Entry{key, std::move(copy).seal()});
    Order dropped;  // freed after the lock
    MutexLock lock(mutex_);
    if (index_.contains(key)) return;
    while (capacity_ - bytes_ < cost(key)) evict(dropped);
    index_.emplace(key, incoming.begin());
    order_.splice(order_.end(), incoming);
    bytes_ += cost(key);
    written_bytes_ += key.len;
  }

  void remove(const PageKey& key) override {
    Order dropped;
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    if (found != index_.end()) take_out(found, dropped);
  }

  bool enabled() const override { return true; }

  L2Stats stats() const override {
    MutexLock lock(mutex_);
    return {.pages = index_.size(),
            .bytes = bytes_,
            .capacity_bytes = capacity_,
            .evicted_pages = evicted_pages_,
            .written_bytes = written_bytes_};
  }

 private:
  PageRef find(const PageKey& key) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return {};
    found->second->read = true;
    return found->second->page;
  }

  void take_out(Index::iterator found, Order& dropped) SEEKFS_REQUIRES(mutex_) {
    bytes_ -= cost(found->first);
    dropped.splice(dropped.end(), order_, found->second);
    index_.erase(found);
  }

  /// Looks at the oldest page: one that was read goes round again, any other leaves.
  void evict(Order& dropped) SEEKFS_REQUIRES(mutex_) {
    Entry& oldest = order_.front();
    if (std::exchange(oldest.read, false)) {
      order_.splice(order_.end(), order_, order_.begin());
      return;
    }
    take_out(index_.find(oldest.key), dropped);
    ++evicted_pages_;
  }

  const std::uint64_t capacity_;
  mutable Mutex mutex_;
  Order order_ SEEKFS_GUARDED_BY(mutex_);  // oldest first
  Index index_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t evicted_pages_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t written_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<L2> make_mem(std::uint64_t capacity_bytes) { return std::make_unique<Mem>(capacity_bytes); }

}  // namespace seekfs::l2
