// The fingerprints of pages that were evicted lately: S3-FIFO's ghost queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seekfs::cache {

/// A table of four-way buckets. An entry counts as present while fewer than `limit` others were added after it, which
/// makes the table a FIFO queue without links; full buckets lose their oldest entry early. Not thread-safe.
class GhostQueue {
 public:
  void add(std::uint32_t fingerprint, std::size_t limit) {
    resize_for(limit);
    Entry* oldest = bucket(fingerprint);
    for (Entry* entry = oldest; entry != bucket(fingerprint) + ways; ++entry) {
      if (age(*entry) > age(*oldest)) oldest = entry;
    }
    *oldest = Entry{fingerprint, ++added_};
  }

  /// Whether it is among the newest `limit`; if so, it is forgotten.
  bool take(std::uint32_t fingerprint, std::size_t limit) noexcept {
    if (entries_.empty()) return false;
    for (Entry* entry = bucket(fingerprint); entry != bucket(fingerprint) + ways; ++entry) {
      if (entry->fingerprint == fingerprint && entry->number != 0 && age(*entry) < limit) {
        *entry = Entry{};
        return true;
      }
    }
    return false;
  }

  std::size_t memory() const noexcept { return entries_.capacity() * sizeof(Entry); }

 private:
  static constexpr std::size_t ways = 4;

  struct Entry {
    std::uint32_t fingerprint = 0;
    std::uint32_t number = 0;  // of the addition, modulo 2^32; 0: empty
  };

  std::uint32_t age(const Entry& entry) const noexcept {
    return entry.number == 0 ? 0xFFFFFFFFU : added_ - entry.number;
  }

  // The low bits of a fingerprint choose the place in the shard's index; the high ones choose the bucket here.
  Entry* bucket(std::uint32_t fingerprint) noexcept {
    const std::size_t buckets = entries_.size() / ways;
    return &entries_[(std::uint64_t{fingerprint} * buckets >> 32U) * ways];
  }

  /// Grows in steps of a quarter, so that at most a fifth of the table is more than `limit` needs.
  void resize_for(std::size_t limit) {
    if (limit <= entries_.size() && !entries_.empty()) return;
    std::vector<Entry> old((limit + limit / 4 + ways - 1) / ways * ways + ways);
    entries_.swap(old);
    for (const Entry& entry : old) {
      if (entry.number == 0) continue;
      Entry* at = bucket(entry.fingerprint);
      for (std::size_t way = 0; way < ways; ++way) {
        if (at[way].number == 0) {
          at[way] = entry;
          break;
        }
      }
    }
  }

  std::vector<Entry> entries_;
  std::uint32_t added_ = 0;
};

}  // namespace seekfs::cache
