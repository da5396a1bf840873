// Probing, growing and deleting.
#include "segmentstore/hash_shard.h"

#include <algorithm>

namespace seekfs::segmentstore {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t smallest = 8;

/// The slots that hold `count` entries at four fifths.
std::size_t slots_for(std::uint64_t count) { return static_cast<std::size_t>(count + count / 4 + 1); }

}  // namespace

/// By the bits below the eight that choose the shard: proportional, so that any number of slots will do.
std::size_t HashShard::home(Fingerprint fingerprint) const noexcept {
  return static_cast<std::size_t>(static_cast<Wide>(fingerprint << 8U) * slots_.size() >> 64U);
}

std::size_t HashShard::position(Fingerprint fingerprint) const noexcept {
  if (slots_.empty()) return 0;
  for (std::size_t at = home(fingerprint); !slots_[at].empty(); at = next(at)) {
    if (slots_[at].fingerprint == fingerprint) return at;
  }
  return slots_.size();
}

bool HashShard::points_to(std::size_t at, Location location) const noexcept {
  return at < slots_.size() && slots_[at].location() == location;
}

std::optional<Location> HashShard::find(Fingerprint fingerprint) const noexcept {
  const std::size_t at = position(fingerprint);
  if (at == slots_.size()) return std::nullopt;
  return slots_[at].location();
}

void HashShard::mark_read(Fingerprint fingerprint) noexcept {
  const std::size_t at = position(fingerprint);
  if (at < slots_.size()) slots_[at].place |= 1U;
}

std::optional<Location> HashShard::insert(Fingerprint fingerprint, std::uint64_t place) {
  if (slots_for(size_ + 1) > slots_.size()) resize(std::max(smallest, slots_.size() + slots_.size() / 2));
  std::size_t at = home(fingerprint);
  for (; !slots_[at].empty(); at = next(at)) {
    if (slots_[at].fingerprint != fingerprint) continue;
    const Location before = slots_[at].location();
    slots_[at].place = place;
    return before;
  }
  slots_[at] = {fingerprint, place};
  ++size_;
  return std::nullopt;
}

bool HashShard::erase(Fingerprint fingerprint, Location location) noexcept {
  const std::size_t at = position(fingerprint);
  if (!points_to(at, location)) return false;
  erase_at(at);
  return true;
}

/// Moves up every later entry of the same run that may lie in the hole, so that no search ends at it too early.
void HashShard::erase_at(std::size_t hole) noexcept {
  std::size_t at = hole;
  while (true) {
    at = next(at);
    if (slots_[at].empty()) break;
    const std::size_t wanted = home(slots_[at].fingerprint);
    const bool stays = hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
    if (stays) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  --size_;
}

bool HashShard::move(Fingerprint fingerprint, Location from, Location to) noexcept {
  const std::size_t at = position(fingerprint);
  if (!points_to(at, from)) return false;
  slots_[at].place = IndexSlot::pack(to);
  return true;
}

std::uint64_t HashShard::erase_segment(SegmentNumber segment) {
  std::vector<Fingerprint> gone;
  for (const IndexSlot& slot : slots_) {
    if (!slot.empty() && slot.segment() == segment) gone.push_back(slot.fingerprint);
  }
  for (const Fingerprint fingerprint : gone) erase_at(position(fingerprint));
  return gone.size();
}

void HashShard::reserve(std::uint64_t count) {
  if (slots_for(count) > slots_.size()) resize(slots_for(count));
}

void HashShard::resize(std::size_t count) {
  std::vector<IndexSlot> old(std::max(count, smallest));
  old.swap(slots_);
  size_ = 0;
  for (const IndexSlot& slot : old) {
    if (!slot.empty()) insert(slot.fingerprint, slot.place);
  }
}

void HashShard::clear() {
  slots_ = {};
  size_ = 0;
}

}  // namespace seekfs::segmentstore
