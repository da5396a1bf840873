// The fingerprint of a page.
#include "segmentstore/location.h"

#include <cstring>

#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

/// The finalizer of MurmurHash3 (Austin Appleby, public domain): every bit of the input reaches every bit of the
/// result.
std::uint64_t scramble(std::uint64_t word) noexcept {
  word ^= word >> 33U;
  word *= 0xFF51AFD7ED558CCDU;
  word ^= word >> 33U;
  word *= 0xC4CEB9FE1A85EC53U;
  return word ^ (word >> 33U);
}

}  // namespace

Fingerprint fingerprint(const manifest::PageKey& key) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < key.file.bytes.size(); i += sizeof word) {
    word = scramble(word ^ load_u64(key.file.bytes.data() + i));
  }
  word = scramble(word ^ (std::uint64_t{key.page_id} << 32U | key.len));
  return scramble(word ^ key.off);
}

}  // namespace seekfs::segmentstore
