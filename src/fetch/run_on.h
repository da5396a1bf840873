// How far one GET for a reader runs on behind its last page on demand. Pure.
#pragma once

#include <cstdint>

#include "fetch/fetch_policy.h"

namespace seekfs::fetch {

/// One more page of s bytes, used with probability p, saves p GETs and costs (1 - p) * s bytes received in vain: it is
/// worth while as long as p * price > (1 - p) * s.
class RunOn {
 public:
  /// `planned_bytes` are in the GET already; `coalesce_max_bytes` is the most that it may ask for. `usefulness`: the
  /// share of earlier such pages that was used; `density`: the share of the region's bytes that was asked for lately.
  /// Both 0 to 1.
  RunOn(const RunOnPolicy& policy, std::uint64_t planned_bytes, std::uint64_t coalesce_max_bytes, double usefulness,
        double density) noexcept;

  /// Whether the GET goes on over a page of `len` bytes. Once it does not, it has ended.
  bool takes(std::uint32_t len) noexcept;
  std::uint64_t bytes() const noexcept { return bytes_; }  ///< of the pages taken

 private:
  std::uint64_t left_ = 0;
  double worth_bytes_ = 0;  ///< the largest page that is worth while
  std::uint64_t bytes_ = 0;
};

}  // namespace seekfs::fetch
