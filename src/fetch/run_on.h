// How far one GET for a reader runs on behind its last page on demand. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "fetch/fetch_policy.h"
#include "fetch/fetch_queue.h"

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

  /// Pages of one GET at most, however small they are: each costs a look at every cache.
  static constexpr std::uint32_t max_pages = 1024;

  /// Whether the GET goes on over a page of `len` bytes. Once it does not, it has ended.
  bool takes(std::uint32_t len) noexcept;
  std::uint64_t bytes() const noexcept { return bytes_; }  ///< of the pages taken

 private:
  std::uint64_t left_ = 0;
  std::uint32_t pages_left_ = max_pages;
  double worth_bytes_ = 0;  ///< the largest page that is worth while
  std::uint64_t bytes_ = 0;
};

/// What extend() asks of its owner.
struct Surroundings {
  /// Whether the page is neither cached nor on its way.
  std::function<bool(const PageRequest&)> is_free;
  /// The same, and puts it on its way; its memory is found when its bytes come.
  std::function<bool(const PageRequest&)> keep;
  /// The same, with memory for it, which is refused where it can't be had at once: what comes before a page that
  /// somebody waits for must not end the GET.
  std::function<std::optional<MutablePage>(const PageRequest&)> keep_with_memory;
};

/// Lets `get` go on over the pages of its last page's file that follow, as long as `run` takes them and they are free,
/// and begin earlier where that closes a gap: the pages between what is cached or on its way (or the file's begin) and
/// its first page, if they are `lead_in_max_bytes` at most; left alone, they would cost a GET later. The pages behind
/// have no memory yet. Returns how many.
std::size_t extend(PlannedGet& get, RunOn run, std::uint64_t lead_in_max_bytes, const Surroundings& around);

}  // namespace seekfs::fetch
