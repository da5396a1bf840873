// Oracle data, a word at a time.
#include "bench/content.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace seekfs::bench {
namespace {

static_assert(std::endian::native == std::endian::little, "words are stored as they are in memory");

constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15;
constexpr std::size_t word_size = sizeof(std::uint64_t);
/// Words that are compared before a difference is looked for; long enough to keep branches out of the inner loop.
constexpr std::size_t block_words = 64;
constexpr std::size_t sparse_stride = 512;

constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

/// FNV-1a over the path, then mixed with the seed.
std::uint64_t key_of(std::uint64_t seed, std::string_view path) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char character : path) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001B3;
  return mix(hash ^ mix(seed + golden_gamma));
}

}  // namespace

Content::Content(std::uint64_t seed, std::string_view path) noexcept : key_(key_of(seed, path)) {}

std::uint64_t Content::word(std::uint64_t number) const noexcept { return mix(key_ + (number + 1) * golden_gamma); }

void Content::fill(std::uint64_t offset, std::span<std::byte> out) const noexcept {
  std::uint64_t number = offset / word_size;
  if (const std::size_t skip = offset % word_size; skip != 0 && !out.empty()) {
    const auto bytes = std::bit_cast<std::array<std::byte, word_size>>(word(number++));
    const std::size_t count = std::min(out.size(), word_size - skip);
    std::memcpy(out.data(), bytes.data() + skip, count);
    out = out.subspan(count);
  }
  for (; out.size() >= word_size; out = out.subspan(word_size)) {
    const std::uint64_t value = word(number++);
    std::memcpy(out.data(), &value, word_size);
  }
  if (!out.empty()) {
    const std::uint64_t value = word(number);
    std::memcpy(out.data(), &value, out.size());
  }
}

std::optional<std::size_t> Content::first_wrong(std::uint64_t offset, std::span<const std::byte> data) const noexcept {
  std::array<std::byte, block_words * word_size> expected;
  std::size_t done = 0;
  while (done < data.size()) {
    const std::uint64_t at = offset + done;
    const auto rest = data.subspan(done);
    std::size_t count = std::min(rest.size(), expected.size() - at % word_size);
    if (at % word_size == 0 && rest.size() >= expected.size()) {
      std::uint64_t different = 0;
      for (std::size_t index = 0; index < block_words; ++index) {
        std::uint64_t found = 0;
        std::memcpy(&found, rest.data() + index * word_size, word_size);
        different |= found ^ word(at / word_size + index);
      }
      if (different == 0) {
        done += expected.size();
        continue;
      }
      count = expected.size();
    }
    fill(at, std::span(expected).first(count));
    const auto [found, _] =
        std::mismatch(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count), expected.begin());
    const auto right = static_cast<std::size_t>(found - rest.begin());
    if (right < count) return done + right;
    done += count;
  }
  return std::nullopt;
}

std::optional<std::size_t> Content::first_wrong_sparse(std::uint64_t offset,
                                                       std::span<const std::byte> data) const noexcept {
  for (std::size_t at = 0; at < data.size(); at += sparse_stride) {
    const auto piece = data.subspan(at, std::min(word_size, data.size() - at));
    if (const auto wrong = first_wrong(offset + at, piece)) return at + *wrong;
  }
  if (data.size() > word_size) {
    const std::size_t at = data.size() - word_size;
    if (const auto wrong = first_wrong(offset + at, data.last(word_size))) return at + *wrong;
  }
  return std::nullopt;
}

}  // namespace seekfs::bench
