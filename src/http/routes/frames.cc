// Sending frames: cached items at once, and from the first miss on out of one stream over all items that are left.
#include "http/routes/frames.h"

#include <fmt/format.h>

#include <expected>
#include <memory>
#include <optional>
#include <utility>

#include "http/ascii.h"
#include "http/body_sender.h"
#include "http/problem.h"

namespace seekfs::http {
namespace {

template <class Number>
void append_little_endian(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i, number = static_cast<Number>(number >> 8U)) {
    out.push_back(static_cast<char>(number & 0xFFU));
  }
}

Result<reader::ReadItem> resolve(const reader::VersionRef& version, const ReadvItem& item) {
  SEEKFS_ASSIGN(reader::FileRef file, reader::find_file(version, item.path));
  const std::uint64_t size = file.size();
  const bool fits = item.off <= size && item.len.value_or(0) <= size - item.off;
  if (!fits) {
    return fail(ErrorCode::range_not_satisfiable,
                fmt::format("the range does not lie in '{}', which has {} bytes", item.path, size));
  }
  return reader::ReadItem{file, item.off, item.len.value_or(size - item.off)};
}

class FrameSender {
 public:
  FrameSender(Exchange& exchange, const std::vector<ReadvItem>& requested, std::vector<Result<reader::ReadItem>> items)
      : exchange_(exchange), requested_(requested), items_(std::move(items)) {}

  async::Task<void> send() {
    for (std::size_t index = 0; index < items_.size(); ++index) {
      SEEKFS_CO_TRY(co_await send_item(index));
    }
    exchange_.writer.end();
    co_return co_await exchange_.writer.flush();
  }

 private:
  async::Task<void> send_item(std::size_t index) {
    // One frame needs a slot, and errors pile up as text: both are bounded by sending now and then.
    if (exchange_.writer.free_slots() < ReplyWriter::max_slices / 2 || queued_ >= send_window) {
      SEEKFS_CO_TRY(co_await flush());
    }
    if (!items_[index]) {
      queue_problem(index, items_[index].error());
      co_return Result<void>{};
    }
    if (items_[index]->len == 0) {
      queue_header(index, 0, 0);
      exchange_.writer.end_chunk();
      co_return Result<void>{};
    }
    if (stream_ == nullptr && try_cached(index)) co_return Result<void>{};
    if (stream_ == nullptr) open_stream(index);
    co_return co_await send_from_stream(index);
  }

  bool try_cached(std::size_t index) {
    const reader::ReadItem& item = *items_[index];
    if (item.len > send_window) return false;
    // The frame's header comes first in the queue but is only right once the pages are there.
    const std::span<PageSlice> free = exchange_.writer.free_slices();
    const std::size_t slices = exchange_.reader().try_read(item.file, item.off, item.len, free);
    if (slices == 0) return false;
    queue_header(index, item.len, item.len);
    exchange_.writer.queue_slices(slices);
    exchange_.writer.end_chunk();
    queued_ += item.len;
    return true;
  }

  void open_stream(std::size_t first) {
    std::vector<reader::ReadItem> rest;
    for (std::size_t index = first; index < items_.size(); ++index) {
      if (items_[index] && items_[index]->len > 0) rest.push_back(*items_[index]);
    }
    stream_ = exchange_.reader().read(std::move(rest));
  }

  async::Task<void> send_from_stream(std::size_t index) {
    const std::uint64_t length = items_[index]->len;
    for (std::uint64_t sent = 0; sent < length;) {
      std::optional<Result<reader::Piece>> ready;
      if (queued_ < send_window && exchange_.writer.free_slots() > 0) ready = stream_->try_next();
      if (!ready) {
        SEEKFS_CO_TRY(co_await flush());
        ready = co_await stream_->next();
      }
      Result<reader::Piece>& piece = *ready;
      if (!piece) {
        exchange_.note.index = index;
        if (sent > 0) co_return std::unexpected(std::move(piece).error());
        SEEKFS_CO_TRY(co_await look_for_another_version(piece.error()));
        queue_problem(index, piece.error());
        stream_->skip_item();
        co_return Result<void>{};
      }
      if (!piece->slice.page) co_return fail(ErrorCode::internal, "the stream ended before its last item");
      const std::uint64_t count = piece->slice.length;
      if (sent == 0) {
        queue_header(index, length, count);
      } else {
        exchange_.writer.begin_chunk(count);
      }
      exchange_.writer.slice(std::move(piece->slice));
      exchange_.writer.end_chunk();
      sent += count;
      queued_ += count;
    }
    co_return Result<void>{};
  }

  /// For the requests to come: this reply has begun with one version and stays with it. Once, because each look may
  /// last seconds while the store hangs, and many items of one reply may be of objects that have changed.
  async::Task<void> look_for_another_version(const Error& error) {
    const auto pinned = exchange_.query.version();
    if (error.code != ErrorCode::source_changed || !pinned || *pinned || std::exchange(looked_, true)) {
      co_return Result<void>{};
    }
    SEEKFS_CO_TRY(co_await flush());
    SEEKFS_CO_TRY(co_await exchange_.reader().reload(std::string(exchange_.note.ns), *exchange_.note.version,
                                                     exchange_.wait_deadline()));
    co_return Result<void>{};
  }

  /// The frame's header and the start of a chunk that holds it and `in_chunk` bytes behind it.
  void queue_header(std::size_t index, std::uint64_t length, std::uint64_t in_chunk) {
    frame_.clear();
    append_frame_header(frame_, static_cast<std::uint32_t>(index), 200, length);
    exchange_.writer.begin_chunk(frame_.size() + in_chunk);
    exchange_.writer.text(frame_);
  }

  void queue_problem(std::size_t index, const Error& error) {
    Problem problem = to_problem(error);
    problem.ns = exchange_.note.ns;
    problem.path = requested_[index].path;
    problem.index = index;
    std::string document;
    append_problem(document, problem, exchange_.request_id);
    frame_.clear();
    append_frame_header(frame_, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(problem.status),
                        document.size());
    exchange_.writer.begin_chunk(frame_.size() + document.size());
    exchange_.writer.text(frame_);
    exchange_.writer.text(document);
    exchange_.writer.end_chunk();
    queued_ += send_window / 64;
  }

  async::Task<void> flush() {
    queued_ = 0;
    co_return co_await exchange_.writer.flush();
  }

  Exchange& exchange_;
  const std::vector<ReadvItem>& requested_;
  std::vector<Result<reader::ReadItem>> items_;
  std::unique_ptr<reader::ReadStream> stream_;
  std::string frame_;
  std::uint64_t queued_ = 0;
  bool looked_ = false;  ///< for another version
};

}  // namespace

void append_frame_header(std::string& out, std::uint32_t index, std::uint32_t status, std::uint64_t length) {
  append_little_endian(out, index);
  append_little_endian(out, status);
  append_little_endian(out, length);
}

bool accepts_frames(std::string_view accept) noexcept {
  while (!accept.empty()) {
    std::string_view range = take_until(accept, ',');
    if (equal_ignoring_case(trim(take_until(range, ';')), frames_content_type)) return true;
  }
  return false;
}

async::Task<void> reply_frames(Exchange& exchange, const reader::VersionRef& version,
                               const std::vector<ReadvItem>& requested) {
  std::vector<Result<reader::ReadItem>> items;
  items.reserve(requested.size());
  std::uint64_t budget = exchange.shared.options.readv_max_bytes;
  for (const ReadvItem& item : requested) {
    items.push_back(resolve(version, item));
    const std::uint64_t length = items.back() ? items.back()->len : 0;
    if (length > budget) {
      exchange.note.index = items.size() - 1;
      co_return fail(ErrorCode::too_large, fmt::format("the items have more than {} bytes together",
                                                       exchange.shared.options.readv_max_bytes));
    }
    budget -= length;
  }
  ReplyHead head;
  head.content_type = frames_content_type;
  head.version = version.manifest->version();
  exchange.begin(head);
  FrameSender sender(exchange, requested, std::move(items));
  co_return co_await sender.send();
}

}  // namespace seekfs::http
