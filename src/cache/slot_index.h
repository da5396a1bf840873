// A hash table from fingerprints to slot numbers: open addressing with linear probing, 8 bytes a place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seekfs::cache {

/// The keys themselves live in the slots: look-ups ask `matches(slot)` for each slot whose fingerprint is equal. Not
/// thread-safe.
class SlotIndex {
 public:
  static constexpr std::uint32_t nothing = 0xFFFFFFFFU;

  template <class Matches>
  std::uint32_t find(std::uint32_t fingerprint, Matches&& matches) const {
    if (places_.empty()) return nothing;
    for (std::size_t at = fingerprint & mask_;; at = (at + 1) & mask_) {
      const Place place = places_[at];
      if (place.slot == nothing) return nothing;
      if (place.fingerprint == fingerprint && matches(place.slot)) return place.slot;
    }
  }

  /// `slot` is not in the index yet. Allocates when three quarters are full.
  void insert(std::uint32_t fingerprint, std::uint32_t slot) {
    if ((count_ + 1) * 4 > places_.size() * 3) grow();
    place(fingerprint, slot);
    ++count_;
  }

  /// The pair must be in the index.
  void erase(std::uint32_t fingerprint, std::uint32_t slot) noexcept {
    std::size_t hole = fingerprint & mask_;
    while (places_[hole].slot != slot) hole = (hole + 1) & mask_;
    // Entries after the hole move back when the hole lies on their way from home, so that no search stops early.
    for (std::size_t at = (hole + 1) & mask_; places_[at].slot != nothing; at = (at + 1) & mask_) {
      const std::size_t home = places_[at].fingerprint & mask_;
      if (((at - home) & mask_) >= ((at - hole) & mask_)) {
        places_[hole] = places_[at];
        hole = at;
      }
    }
    places_[hole] = Place{};
    --count_;
  }

  std::size_t size() const noexcept { return count_; }
  std::size_t memory() const noexcept { return places_.capacity() * sizeof(Place); }

 private:
  struct Place {
    std::uint32_t fingerprint = 0;
    std::uint32_t slot = nothing;
  };

  void place(std::uint32_t fingerprint, std::uint32_t slot) noexcept {
    std::size_t at = fingerprint & mask_;
    while (places_[at].slot != nothing) at = (at + 1) & mask_;
    places_[at] = Place{fingerprint, slot};
  }

  void grow() {
    std::vector<Place> old(places_.empty() ? 16 : places_.size() * 2);
    places_.swap(old);
    mask_ = places_.size() - 1;
    for (const Place& entry : old) {
      if (entry.slot != nothing) place(entry.fingerprint, entry.slot);
    }
  }

  std::vector<Place> places_;  // a power of two
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
};

}  // namespace seekfs::cache
