// Request ids: a counter scrambled by a bijection (the finalizer of SplitMix64), so that no two are equal.
#include "base/request_id.h"

namespace seekfs {

RequestId::RequestId(std::uint64_t number) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = length; i-- > 0; number >>= 4U) text_[i] = digits[number & 15U];
}

RequestId RequestIdSource::next() noexcept {
  std::uint64_t word = seed_ + count_.fetch_add(1, std::memory_order_relaxed) * 0x9E3779B97F4A7C15U;
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
  return RequestId(word ^ (word >> 31U));
}

}  // namespace seekfs
