// A plain LRU over integers: what S3-FIFO is measured against in tests and benchmarks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace seekfs::cache {

class PlainLru {
 public:
  explicit PlainLru(std::size_t capacity) : capacity_(capacity) {}

  /// Whether it was there; it is there afterwards.
  bool access(std::uint64_t item) {
    const auto found = places_.find(item);
    if (found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    if (places_.size() == capacity_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(item);
    places_.emplace(item, order_.begin());
    return false;
  }

 private:
  std::size_t capacity_;
  std::list<std::uint64_t> order_;  // the last used first
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> places_;
};

}  // namespace seekfs::cache
