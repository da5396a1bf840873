// Copy-on-write blocks with their unsynced history, and the choice among the states of each that a crash makes.
#include "env/simulated_content_testing.h"

#include <algorithm>
#include <cstring>
#include <ranges>

namespace seekfs::env {
namespace {

using Block = SimulatedContent::Block;
using BlockRef = SimulatedContent::BlockRef;
constexpr std::uint64_t block_size = SimulatedContent::block_size;
constexpr std::uint64_t sector_size = SimulatedContent::sector_size;

constexpr std::uint64_t blocks_for(std::uint64_t bytes) { return (bytes + block_size - 1) / block_size; }

const BlockRef& zero_block() {
  static const BlockRef zeros = std::make_shared<const Block>();
  return zeros;
}

const Block& bytes_of(const BlockRef& block) { return block == nullptr ? *zero_block() : *block; }

/// Takes bytes out of pieces, one behind the other.
class Source {
 public:
  explicit Source(std::span<const std::span<const std::byte>> pieces) : pieces_(pieces) {}
  void take(std::span<std::byte> out) {
    while (!out.empty()) {
      const std::span<const std::byte> piece = pieces_.front().subspan(begin_);
      const std::size_t count = std::min(piece.size(), out.size());
      if (count > 0) std::memcpy(out.data(), piece.data(), count);
      out = out.subspan(count);
      begin_ += count;
      if (count == piece.size()) {
        pieces_ = pieces_.subspan(1);
        begin_ = 0;
      }
    }
  }

 private:
  std::span<const std::span<const std::byte>> pieces_;
  std::size_t begin_ = 0;
};

/// The state of one block after a crash; `states` are those it had, the current one last, at least two.
class BlockChoice {
 public:
  BlockChoice(const CrashMood& mood, Random& random, std::span<const BlockRef> stale)
      : mood_(mood), random_(random), stale_(stale) {}

  BlockRef choose(std::span<const BlockRef> states) {
    if (mood_.whole_pages) return pick(states);
    std::array<BlockRef, block_size / sector_size> sectors;
    for (BlockRef& sector : sectors) sector = pick(states);
    const std::uint64_t tears = mood_.tears ? random_.next() & random_.next() & random_.next() : 0;  // a bit a sector
    const bool torn = tears % (1U << sectors.size()) != 0;
    if (!torn && std::ranges::all_of(sectors, [&](const BlockRef& one) { return one == sectors[0]; })) {
      return sectors[0];
    }
    auto mixed = std::make_shared<Block>();
    for (std::size_t i = 0; i < sectors.size(); ++i) {
      const std::uint64_t begin = i * sector_size;
      std::memcpy(mixed->data() + begin, bytes_of(sectors[i]).data() + begin, sector_size);
      if ((tears >> i) % 2 == 0) continue;
      const std::uint64_t cut = 1 + random_.below(sector_size - 1);
      std::memcpy(mixed->data() + begin, bytes_of(pick(states)).data() + begin, cut);
    }
    return mixed;
  }

 private:
  BlockRef pick(std::span<const BlockRef> states) {
    const bool kept = mood_.keeps(random_);
    BlockRef chosen = kept ? states.back() : states[random_.below(states.size() - 1)];
    if (chosen == nullptr && mood_.stale_blocks && !stale_.empty()) chosen = stale_[random_.below(stale_.size())];
    return chosen;
  }

  const CrashMood& mood_;
  Random& random_;
  std::span<const BlockRef> stale_;
};

}  // namespace

CrashMood CrashMood::draw(Random& random) {
  static constexpr std::array<std::uint64_t, 6> shares = {0, 100, 500, 500, 900, 1000};
  CrashMood mood;
  mood.kept_per_mille = shares[random.below(shares.size())];
  mood.whole_pages = random.below(4) == 0;
  mood.tears = random.below(2) == 0;
  mood.names_in_order = random.below(2) == 0;
  mood.stale_blocks = random.below(4) == 0;
  return mood;
}

std::uint64_t SimulatedContent::allocated_blocks() const noexcept {
  return static_cast<std::uint64_t>(std::ranges::count_if(blocks_, [](const BlockRef& one) { return one != nullptr; }));
}

std::uint64_t SimulatedContent::missing_blocks(std::uint64_t offset, std::uint64_t length) const noexcept {
  std::uint64_t missing = 0;
  for (std::uint64_t index = offset / block_size; index < blocks_for(offset + length); ++index) {
    if (index >= blocks_.size() || blocks_[index] == nullptr) ++missing;
  }
  return length == 0 ? 0 : missing;
}

std::size_t SimulatedContent::read(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) const {
  const std::uint64_t start = offset;
  for (std::span<std::byte> piece : pieces) {
    while (!piece.empty() && offset < size_) {
      const std::uint64_t begin = offset % block_size;
      const std::uint64_t index = offset / block_size;
      const std::uint64_t count = std::min<std::uint64_t>({piece.size(), block_size - begin, size_ - offset});
      const bool known = index < blocks_.size() && blocks_[index] != nullptr;
      std::memcpy(piece.data(), (known ? blocks_[index]->data() : zero_block()->data()) + begin, count);
      piece = piece.subspan(count);
      offset += count;
    }
  }
  return offset - start;
}

void SimulatedContent::set_size(std::uint64_t size) {
  if (size == size_) return;
  sizes_.push_back(size_);
  size_ = size;
}

void SimulatedContent::replace(std::uint64_t index, BlockRef block) {
  changes_.push_back({static_cast<std::uint32_t>(index), std::exchange(blocks_[index], std::move(block))});
}

void SimulatedContent::write(std::uint64_t offset, std::span<const std::span<const std::byte>> pieces,
                             std::uint64_t length) {
  if (length == 0) return;
  const std::uint64_t end = offset + length;
  if (blocks_.size() < blocks_for(end)) blocks_.resize(blocks_for(end));
  Source source(pieces);
  while (offset < end) {
    const std::uint64_t index = offset / block_size;
    const std::uint64_t begin = offset % block_size;
    const std::uint64_t count = std::min(block_size - begin, end - offset);
    auto fresh = std::make_shared_for_overwrite<Block>();
    if (count < block_size) *fresh = bytes_of(blocks_[index]);
    source.take(std::span(*fresh).subspan(begin, count));
    replace(index, std::move(fresh));
    offset += count;
  }
  set_size(std::max(size_, end));
}

void SimulatedContent::truncate(std::uint64_t size) {
  if (size < size_) {
    for (std::uint64_t index = blocks_for(size); index < blocks_.size(); ++index) {
      if (blocks_[index] != nullptr) replace(index, nullptr);
    }
    const std::uint64_t tail = size % block_size;
    const std::uint64_t last = size / block_size;
    if (tail != 0 && last < blocks_.size() && blocks_[last] != nullptr) {
      auto cut = std::make_shared<Block>();
      std::memcpy(cut->data(), blocks_[last]->data(), tail);
      replace(last, std::move(cut));
    }
  }
  set_size(size);
}

void SimulatedContent::allocate(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t end = offset + length;
  if (blocks_.size() < blocks_for(end)) blocks_.resize(blocks_for(end));
  for (std::uint64_t index = offset / block_size; index < blocks_for(end); ++index) {
    if (blocks_[index] == nullptr) replace(index, zero_block());
  }
  set_size(std::max(size_, end));
}

void SimulatedContent::sync() {
  changes_.clear();
  sizes_.clear();
}

void SimulatedContent::cut_after_end() {
  if (blocks_.size() > blocks_for(size_)) blocks_.resize(blocks_for(size_));
  const std::uint64_t tail = size_ % block_size;
  if (tail == 0 || blocks_.size() < blocks_for(size_) || blocks_.back() == nullptr) return;
  const std::span<const std::byte> rest = std::span(*blocks_.back()).subspan(tail);
  if (std::ranges::all_of(rest, [](std::byte one) { return one == std::byte{0}; })) return;
  auto cut = std::make_shared<Block>();
  std::memcpy(cut->data(), blocks_.back()->data(), tail);
  blocks_.back() = std::move(cut);
}

SimulatedContent SimulatedContent::after_crash(const CrashMood& mood, Random& random,
                                               std::span<const BlockRef> stale) const {
  SimulatedContent left;
  left.blocks_ = blocks_;
  left.size_ = size_;
  if (is_synced()) return left;
  if (!sizes_.empty() && !mood.keeps(random)) left.size_ = sizes_[random.below(sizes_.size())];

  std::vector<const Change*> by_block;
  by_block.reserve(changes_.size());
  for (const Change& change : changes_) by_block.push_back(&change);
  std::ranges::sort(by_block, {}, [](const Change* one) { return std::pair(one->index, one); });  // then in order
  BlockChoice choice(mood, random, stale);
  std::vector<BlockRef> states;
  for (std::size_t i = 0; i < by_block.size(); ++i) {
    const std::uint32_t index = by_block[i]->index;
    states.push_back(by_block[i]->before);
    if (i + 1 < by_block.size() && by_block[i + 1]->index == index) continue;
    states.push_back(blocks_[index]);
    left.blocks_[index] = choice.choose(states);
    states.clear();
  }
  left.cut_after_end();
  return left;
}

}  // namespace seekfs::env
