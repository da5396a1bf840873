// Queuing and gathered sending of replies.
#include "http/reply_writer.h"

#include <algorithm>
#include <iterator>

namespace seekfs::http {

void ReplyWriter::begin(const ReplyHead& head, const ReplyContext& context, bool body) {
  clear_queue();
  begun_ = true;
  sends_body_ = body && !head.no_body;
  chunked_ = !head.no_body && !head.content_length && !context.http_1_0;
  keep_alive_ = context.keep_alive;
  sent_any_ = false;
  sent_bytes_ = 0;
  status_ = head.status;
  const std::size_t begin = text_.size();
  append_head(text_, head, context);
  add({Source::text, static_cast<std::uint32_t>(begin), text_.size() - begin});
}

void ReplyWriter::add(Part part) {
  // Text behind text is one part, so that small pieces cost no entry each.
  if (part.source == Source::text && part_count_ > first_part_) {
    Part& last = parts_[part_count_ - 1];
    if (last.source == Source::text && last.begin + last.length == part.begin) {
      last.length += part.length;
      return;
    }
  }
  parts_[part_count_++] = part;
}

void ReplyWriter::text(std::string_view bytes) {
  if (!sends_body_ || bytes.empty()) return;
  const std::size_t begin = text_.size();
  text_.append(bytes.data(), bytes.data() + bytes.size());
  add({Source::text, static_cast<std::uint32_t>(begin), bytes.size()});
}

void ReplyWriter::body(std::string bytes) {
  if (!sends_body_ || bytes.empty()) return;
  body_ = std::move(bytes);
  add({Source::body, 0, body_.size()});
}

std::span<PageSlice> ReplyWriter::free_slices() noexcept { return std::span(slices_).subspan(slice_count_); }

void ReplyWriter::queue_slices(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, ++slice_count_) {
    if (sends_body_) {
      add({Source::slice, static_cast<std::uint32_t>(slice_count_), slices_[slice_count_].length});
    } else {
      slices_[slice_count_].page.reset();
    }
  }
}

void ReplyWriter::slice(PageSlice piece) {
  slices_[slice_count_] = std::move(piece);
  queue_slices(1);
}

void ReplyWriter::begin_chunk(std::uint64_t bytes) {
  if (!chunked_ || !sends_body_) return;
  const std::size_t begin = text_.size();
  fmt::format_to(std::back_inserter(text_), "{:x}\r\n", bytes);
  add({Source::text, static_cast<std::uint32_t>(begin), text_.size() - begin});
}

void ReplyWriter::end_chunk() {
  if (chunked_) text("\r\n");
}

void ReplyWriter::end() {
  if (chunked_) text("0\r\n\r\n");
}

iovec ReplyWriter::resolve(const Part& part) noexcept {
  switch (part.source) {
    case Source::text: return {text_.data() + part.begin, part.length};
    case Source::body: return {body_.data(), part.length};
    case Source::slice: break;
  }
  const std::span<const std::byte> bytes = slices_[part.begin].bytes();
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

std::size_t ReplyWriter::gather(std::span<iovec> out) noexcept {
  std::size_t count = 0;
  for (std::size_t i = first_part_; i < part_count_ && count < out.size(); ++i) out[count++] = resolve(parts_[i]);
  if (count > 0) {
    out[0].iov_base = static_cast<char*>(out[0].iov_base) + first_offset_;
    out[0].iov_len -= first_offset_;
  }
  return count;
}

void ReplyWriter::advance(std::size_t sent) noexcept {
  sent_any_ = sent_any_ || sent > 0;
  sent_bytes_ += sent;
  while (sent > 0) {
    const Part& part = parts_[first_part_];
    const std::size_t left = part.length - first_offset_;
    if (sent < left) {
      first_offset_ += sent;
      return;
    }
    sent -= left;
    first_offset_ = 0;
    ++first_part_;
    if (part.source == Source::slice) slices_[part.begin].page.reset();
  }
}

Result<bool> ReplyWriter::try_flush() {
  std::array<iovec, max_parts> pieces;
  while (first_part_ < part_count_) {
    const std::size_t count = gather(pieces);
    const Result<std::size_t> sent = stream_.try_write(std::span(pieces).first(count));
    if (!sent) {
      broken_ = true;
      return std::unexpected(sent.error());
    }
    const std::size_t before = first_part_;
    advance(*sent);
    if (first_part_ - before < count) return false;
  }
  clear_queue();
  return true;
}

async::Task<void> ReplyWriter::flush() {
  SEEKFS_CO_ASSIGN(const bool done, try_flush());
  if (!done) SEEKFS_CO_TRY(co_await flush_rest());
  co_return Result<void>{};
}

async::Task<void> ReplyWriter::flush_rest() {
  std::array<iovec, parts_a_wait> pieces;
  while (first_part_ < part_count_) {
    const std::size_t count = gather(pieces);
    watch_.transfer_waits();
    const Result<std::size_t> sent = co_await stream_.write_some(std::span(pieces).first(count));
    if (!sent) {
      broken_ = true;
      co_return std::unexpected(sent.error());
    }
    watch_.transfer_goes_on();
    advance(*sent);
  }
  clear_queue();
  co_return Result<void>{};
}

void ReplyWriter::clear_queue() noexcept {
  for (std::size_t i = 0; i < slice_count_; ++i) slices_[i].page.reset();
  slice_count_ = 0;
  part_count_ = 0;
  first_part_ = 0;
  first_offset_ = 0;
  text_.clear();
  body_.clear();
}

void ReplyWriter::discard() noexcept {
  clear_queue();
  begun_ = false;
}

void ReplyWriter::finish() noexcept {
  clear_queue();
  begun_ = false;
  sent_any_ = false;
  // A list that was once long must not stay in memory for as long as the connection.
  if (body_.capacity() > 64U << 10U) body_ = {};
}

}  // namespace seekfs::http
