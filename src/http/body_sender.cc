// The two ways in which a body leaves.
#include "http/body_sender.h"

#include <algorithm>
#include <optional>

namespace seekfs::http {
namespace {

/// Where the next byte to send lies.
struct Position {
  std::size_t item = 0;
  std::uint64_t sent = 0;  ///< of that item
};

void begin_once(Exchange& exchange, const ReplyHead& head) {
  if (!exchange.writer.begun()) exchange.begin(head);
}

/// Queues and sends what is in L1; stops before the first window that is not.
async::Task<void> send_cached(Exchange& exchange, const ReplyHead& head, const std::vector<reader::ReadItem>& items,
                              Position& at) {
  std::uint64_t queued = 0;
  while (at.item < items.size()) {
    const reader::ReadItem& item = items[at.item];
    const std::uint64_t length = std::min(item.len - at.sent, send_window);
    if (length == 0) {
      at = {at.item + 1, 0};
      continue;
    }
    const std::size_t slices =
        exchange.reader().try_read(item.file, item.off + at.sent, length, exchange.writer.free_slices());
    if (slices > 0) {
      begin_once(exchange, head);
      exchange.writer.queue_slices(slices);
      at.sent += length;
      queued += length;
    }
    // Nothing came: a page is missing, or the queue was too full to hold them all, which sending it tells apart.
    if (slices == 0 && queued == 0) co_return Result<void>{};
    if (slices == 0 || queued >= send_window) {
      SEEKFS_CO_TRY(co_await exchange.writer.flush());
      queued = 0;
    }
  }
  if (queued > 0) SEEKFS_CO_TRY(co_await exchange.writer.flush());
  co_return Result<void>{};
}

/// Pieces that are there are gathered into one write; before any wait, what was gathered is sent.
async::Task<void> send_stream(Exchange& exchange, const ReplyHead& head, std::vector<reader::ReadItem> items,
                              std::size_t first_item, std::size_t* failed_item) {
  const std::unique_ptr<reader::ReadStream> stream = exchange.reader().read(std::move(items));
  std::uint64_t queued = 0;
  while (true) {
    std::optional<Result<reader::Piece>> piece;
    if (queued < send_window && exchange.writer.free_slots() > 0) piece = stream->try_next();
    if (!piece && queued > 0) {
      SEEKFS_CO_TRY(co_await exchange.writer.flush());
      queued = 0;
    }
    if (!piece) piece = co_await stream->next();
    if (!*piece) {
      if (failed_item != nullptr) *failed_item = first_item + stream->failed_item();
      co_return std::unexpected(std::move(*piece).error());
    }
    PageSlice& slice = (*piece)->slice;
    if (!slice.page) co_return Result<void>{};
    queued += slice.length;
    begin_once(exchange, head);
    exchange.writer.slice(std::move(slice));
  }
}

}  // namespace

async::Task<void> send_ranges(Exchange& exchange, const ReplyHead& head, std::vector<reader::ReadItem> items,
                              std::size_t* failed_item) {
  Position at;
  SEEKFS_CO_TRY(co_await send_cached(exchange, head, items, at));
  if (at.item < items.size()) {
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(at.item));
    items.front().off += at.sent;
    items.front().len -= at.sent;
    SEEKFS_CO_TRY(co_await send_stream(exchange, head, std::move(items), at.item, failed_item));
  }
  begin_once(exchange, head);  // nothing but empty ranges
  co_return co_await exchange.writer.flush();
}

}  // namespace seekfs::http
