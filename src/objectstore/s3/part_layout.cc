// Arithmetic of parts.
#include "objectstore/s3/part_layout.h"

#include <algorithm>

#include "base/units.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t max_parts = 10'000;

std::uint64_t part_size_for(std::uint64_t size, std::uint64_t least) {
  const std::uint64_t needed = (size + max_parts - 1) / max_parts;
  return std::max(least, (needed + MiB - 1) / MiB * MiB);
}

}  // namespace

PartLayout::PartLayout(std::uint64_t size, std::uint64_t least_part_size)
    : size_(size), part_size_(part_size_for(size, least_part_size)) {}

std::uint32_t PartLayout::count() const noexcept {
  return static_cast<std::uint32_t>((size_ + part_size_ - 1) / part_size_);
}

ByteRange PartLayout::range_of(std::uint32_t number) const noexcept {
  const std::uint64_t off = (number - 1) * part_size_;
  return {off, std::min(part_size_, size_ - off)};
}

}  // namespace seekfs::objectstore::s3
