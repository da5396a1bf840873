// The stream of a reply: pages from L1 or the fetcher, in order, with the next ones on their way.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "cache/memory_budget.h"
#include "cache/page_cache.h"
#include "fetch/page_fetcher.h"
#include "reader/ahead_fetcher.h"
#include "reader/page_reader.h"
#include "reader/read_metrics.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// What a stream works with; all outlive it.
struct PageStreamParts {
  cache::PageCache& l1;
  cache::MemoryBudget& memory;
  fetch::PageFetcher& fetcher;
  async::Timers& timers;
  ReadMetrics& metrics;
  AheadFetcher& ahead;  ///< told of what is read, to fetch what lies behind it
};

struct PageStreamOptions {
  /// How far ahead of the reader pages are asked for. It is filled again when half of it was read, so that neighbouring
  /// pages go on leaving in large GETs.
  std::uint64_t window_bytes = 64U << 20U;
  std::size_t window_pages = 1024;
  /// How much of the window may be pages that L1 had: they need no head start, and a slow client must not pin many.
  std::uint64_t window_hit_bytes = 4U << 20U;
  std::chrono::milliseconds wait{60'000};  ///< the longest wait for one page
};

class PageStream final : public ReadStream {
 public:
  PageStream(PageStreamParts parts, PageStreamOptions options, std::vector<ReadItem> items);

  async::Task<Piece> next() override;
  std::optional<Result<Piece>> try_next() override;
  std::size_t failed_item() const override { return failed_item_; }
  void skip_item() override;

 private:
  /// One page of the reply: here, or on its way.
  struct Ahead {
    std::size_t item = 0;
    std::uint32_t begin = 0;  ///< in the page
    std::uint32_t length = 0;
    std::uint32_t page_bytes = 0;
    bool hit = false;        ///< L1 had it
    bool first_use = false;  ///< and it was fetched before anybody asked for it
    std::variant<PageRef, fetch::PageTicket> page;
  };
  /// The place of the next page that is not in ahead_ yet.
  struct Cursor {
    std::size_t item = 0;
    std::uint64_t off = 0;  ///< in the item
  };

  bool at_end() const { return ahead_.empty() && cursor_.item == items_.size(); }
  bool wants_more() const;
  void skip_empty_items();
  Status fill(async::Executor executor);
  /// Of one fill: the pages to fetch and their places in ahead_.
  struct Missing {
    std::vector<fetch::PageFetcher::Wanted> pages;
    std::vector<std::size_t> places;
  };
  bool add_page(Missing& missing);
  void read_ahead(std::size_t first_place);
  void pop_front();
  Result<Piece> take_front(Result<fetch::PageArrival> arrival);

  PageStreamParts parts_;
  const PageStreamOptions options_;
  const std::vector<ReadItem> items_;
  Cursor cursor_;
  std::optional<PageReader> reader_;  ///< of the cursor's item
  std::size_t reader_item_ = 0;
  std::deque<Ahead> ahead_;
  std::uint64_t ahead_bytes_ = 0;
  std::uint64_t ahead_hit_bytes_ = 0;    ///< of those, the pages that came from L1
  std::optional<MutablePage> reserved_;  ///< memory that was waited for, for the cursor's page
  std::size_t failed_item_ = 0;
};

}  // namespace seekfs::reader
