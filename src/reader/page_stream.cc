// Filling the window, and handing out its front.
#include "reader/page_stream.h"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace seekfs::reader {

using fetch::PageFetcher;
using fetch::PageTicket;
using fetch::PageTier;

PageStream::PageStream(PageStreamParts parts, PageStreamOptions options, std::vector<ReadItem> items)
    : parts_(parts), options_(options), items_(std::move(items)) {
  skip_empty_items();
}

void PageStream::skip_empty_items() {
  while (cursor_.item < items_.size() && cursor_.off == items_[cursor_.item].len) cursor_ = {cursor_.item + 1, 0};
}

/// True when enough of the window was read to fill it again in one go.
bool PageStream::wants_more() const {
  return cursor_.item < items_.size() && ahead_bytes_ <= options_.window_bytes / 2 &&
         ahead_.size() <= options_.window_pages / 2;
}

/// Adds the cursor's page to the window: from L1, or as a page to fetch if its memory can be had without a wait. False:
/// there is no memory now, or the page is in L1 and enough such pages are held already.
bool PageStream::add_page(Missing& missing) {
  const ReadItem& item = items_[cursor_.item];
  if (!reader_ || reader_item_ != cursor_.item) {
    reader_.emplace(item.file);
    reader_item_ = cursor_.item;
  }
  const std::uint64_t off = item.off + cursor_.off;
  const manifest::CompactManifest& manifest = item.file.manifest();
  const std::uint32_t page_id = manifest.page_at(item.file.index(), off);
  const manifest::Page page = manifest.page(item.file.index(), page_id);
  const auto begin = static_cast<std::uint32_t>(off - page.off);
  const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(page.len - begin, item.len - cursor_.off));

  Ahead ahead{.item = cursor_.item, .begin = begin, .length = length, .page_bytes = page.len, .page = PageRef{}};
  const manifest::PageKey key = reader_->key(page_id, page);
  if (ahead_hit_bytes_ >= options_.window_hit_bytes && parts_.l1.contains(key)) return false;
  if (PageRef cached = parts_.l1.get(key, ahead.first_use)) {
    parts_.metrics.l1_hit.add();
    reserved_.reset();  // it was for this page; the next one may have another length
    ahead.page = std::move(cached);
    ahead.hit = true;
    ahead_hit_bytes_ += page.len;
  } else {
    MutablePage buffer;
    if (reserved_) {
      buffer = std::move(*reserved_);
      reserved_.reset();
    } else if (parts_.memory.try_reserve(cache::MemoryUse::pages, MutablePage::charge(page.len))) {
      buffer = MutablePage::allocate(page.len, &parts_.memory.page_memory());
      if (!buffer) parts_.memory.release(cache::MemoryUse::pages, MutablePage::charge(page.len));
    }
    if (!buffer) return false;
    parts_.metrics.l1_miss.add();
    missing.places.push_back(ahead_.size());
    missing.pages.push_back({.request = reader_->request(page_id, page), .buffer = std::move(buffer)});
  }
  ahead_.push_back(std::move(ahead));
  ahead_bytes_ += page.len;
  cursor_.off += length;
  skip_empty_items();
  return true;
}

/// Read-ahead only tries for memory: where there is none, the window ends. `exhausted` when not even one page could be
/// had; then the caller, who holds nothing, may wait for it.
Status PageStream::fill(async::Executor executor) {
  Missing missing;
  const std::size_t first_place = ahead_.size();
  while (cursor_.item < items_.size() && ahead_bytes_ < options_.window_bytes &&
         ahead_.size() < options_.window_pages) {
    if (!add_page(missing)) break;
  }
  reserved_.reset();
  if (!missing.pages.empty()) {
    std::vector<PageTicket> tickets = parts_.fetcher.start(std::move(missing.pages), executor);
    for (std::size_t i = 0; i < tickets.size(); ++i) ahead_[missing.places[i]].page = std::move(tickets[i]);
  }
  read_ahead(first_place);
  if (ahead_.empty()) return fail(ErrorCode::exhausted, "there is no memory for a page");
  return {};
}

/// Tells of the items whose last page came into the window with this fill: what follows them may be wanted next.
void PageStream::read_ahead(std::size_t first_place) {
  for (std::size_t at = first_place; at < ahead_.size();) {
    const std::size_t item = ahead_[at].item;
    bool missed = false;
    bool lost = false;
    for (; at < ahead_.size() && ahead_[at].item == item; ++at) {
      const auto* ticket = std::get_if<PageTicket>(&ahead_[at].page);
      missed = missed || ticket != nullptr || ahead_[at].first_use;
      lost = lost || (ticket != nullptr && ticket->is_first());
    }
    if (!missed || cursor_.item <= item) continue;
    const ReadItem& read = items_[item];
    if (reader_ && reader_item_ == item) {
      parts_.ahead.on_read(read.file, *reader_, read.off, read.len, lost);
    } else {
      PageReader reader(read.file);
      parts_.ahead.on_read(read.file, reader, read.off, read.len, lost);
    }
  }
}

async::Task<Piece> PageStream::next() {
  if (wants_more()) {
    const auto executor = co_await boost::asio::this_coro::executor;
    if (!fill(executor)) {
      failed_item_ = cursor_.item;
      const ReadItem& item = items_[cursor_.item];
      const auto& manifest = item.file.manifest();
      const auto page_id = manifest.page_at(item.file.index(), item.off + cursor_.off);
      const std::uint32_t length = manifest.page(item.file.index(), page_id).len;
      const std::uint64_t charge = MutablePage::charge(length);
      SEEKFS_CO_TRY(
          co_await parts_.memory.reserve(cache::MemoryUse::pages, charge, parts_.timers.clock().now() + options_.wait));
      reserved_ = MutablePage::allocate(length, &parts_.memory.page_memory());
      if (!*reserved_) {
        reserved_.reset();
        parts_.memory.release(cache::MemoryUse::pages, charge);
        co_return fail(ErrorCode::exhausted, "the system has no memory for a page");
      }
      SEEKFS_CO_TRY(fill(executor));
    }
  }
  if (at_end()) co_return Piece{};
  if (auto ready = try_next()) co_return std::move(*ready);
  auto arrival = co_await std::get<PageTicket>(ahead_.front().page)
                     .wait(parts_.timers, parts_.timers.clock().now() + options_.wait);
  co_return take_front(std::move(arrival));
}

std::optional<Result<Piece>> PageStream::try_next() {
  if (at_end()) return Piece{};
  if (ahead_.empty()) return std::nullopt;
  Ahead& front = ahead_.front();
  if (auto* page = std::get_if<PageRef>(&front.page)) {
    return take_front(fetch::PageArrival{std::move(*page), PageTier::l1});
  }
  auto& ticket = std::get<PageTicket>(front.page);
  if (!ticket.ready()) return std::nullopt;
  return take_front(ticket.take());
}

void PageStream::pop_front() {
  const Ahead& front = ahead_.front();
  ahead_bytes_ -= front.page_bytes;
  if (front.hit) ahead_hit_bytes_ -= front.page_bytes;
  ahead_.pop_front();
}

Result<Piece> PageStream::take_front(Result<fetch::PageArrival> arrival) {
  Ahead& front = ahead_.front();
  if (!arrival) {
    failed_item_ = front.item;
    return std::unexpected(std::move(arrival).error());
  }
  Piece piece{.item = front.item, .slice = {std::move(arrival->page), front.begin, front.length}};
  parts_.metrics.served(arrival->tier).add(front.length);
  pop_front();
  return piece;
}

void PageStream::skip_item() {
  while (!ahead_.empty() && ahead_.front().item == failed_item_) pop_front();
  if (cursor_.item == failed_item_) cursor_ = {failed_item_ + 1, 0};
  skip_empty_items();
}

}  // namespace seekfs::reader
