// What a blobdb holds, in RAM: which page has which number, and which came first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "l2/blobdb_rows.h"
#include "manifest/page_key.h"

namespace seekfs::l2 {

/// Not thread-safe.
class BlobPages {
 public:
  using Number = BlobRows::Number;

  /// False, and nothing happens, when the page is there.
  bool add(const manifest::PageKey& key, Number number) {
    if (!numbers_.emplace(key, number).second) return false;
    order_.emplace(number, key);
    bytes_ += BlobRows::cost(key.len);
    return true;
  }
  std::optional<Number> find(const manifest::PageKey& key) const {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<Number> remove(const manifest::PageKey& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end()) return std::nullopt;
    const Number number = found->second;
    numbers_.erase(found);
    order_.erase(number);
    bytes_ -= BlobRows::cost(key.len);
    return number;
  }
  /// The pages with the lowest numbers, of `bytes` or a little more.
  std::vector<Number> remove_oldest(std::uint64_t bytes) {
    std::vector<Number> gone;
    for (std::uint64_t freed = 0; freed < bytes && !order_.empty();) {
      const manifest::PageKey key = order_.begin()->second;
      freed += BlobRows::cost(key.len);
      gone.push_back(*remove(key));
    }
    return gone;
  }
  void clear() {
    numbers_.clear();
    order_.clear();
    bytes_ = 0;
  }
  std::vector<std::pair<Number, manifest::PageKey>> all() const { return {order_.begin(), order_.end()}; }
  Number next_number() const { return order_.empty() ? 1 : order_.rbegin()->first + 1; }
  std::uint64_t size() const noexcept { return numbers_.size(); }
  /// What the pages take on disk at most.
  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t memory_bytes() const noexcept { return numbers_.size() * 200; }

 private:
  std::unordered_map<manifest::PageKey, Number, manifest::PageKeyHash> numbers_;
  std::map<Number, manifest::PageKey> order_;
  std::uint64_t bytes_ = 0;
};

}  // namespace seekfs::l2
