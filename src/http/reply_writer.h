// The outgoing side of one connection: header, text and page slices are queued, then sent by gathered writes.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/page.h"
#include "http/reply_head.h"
#include "http/stream.h"

namespace seekfs::http {

/// Told when the writer must wait for the peer and when that is over, so that a peer that takes nothing is noticed, and
/// only while something is expected of it.
class TransferWatch {
 public:
  virtual ~TransferWatch() = default;
  virtual void transfer_waits() = 0;
  virtual void transfer_goes_on() = 0;
};

/// One reply at a time: begin() first, end() last. What is queued is sent in the order in which it was queued. Queuing
/// allocates nothing in steady state. A page is let go as soon as all that is queued of it has been taken by the
/// kernel. One thread.
class ReplyWriter {
 public:
  /// Slices that may be queued at a time. Small text before each slice (frames) fits too.
  static constexpr std::size_t max_slices = 128;

  /// Both outlive the writer.
  ReplyWriter(Stream& stream, TransferWatch& watch) : stream_(stream), watch_(watch) {}

  /// Starts a reply; what an unfinished one before has queued is dropped. Without `body` (HEAD) all that follows is
  /// counted but not sent.
  void begin(const ReplyHead& head, const ReplyContext& context, bool body);
  void text(std::string_view bytes);
  /// Takes a whole body, once a reply.
  void body(std::string bytes);

  /// Where slices may be written; queue_slices(n) queues the first n of them. Empty: flush first.
  std::span<PageSlice> free_slices() noexcept;
  void queue_slices(std::size_t count);
  void slice(PageSlice piece);
  std::size_t free_slots() const noexcept { return max_slices - slice_count_; }

  /// Between begin_chunk(n) and end_chunk() exactly n bytes are queued; nothing is added unless the reply is chunked.
  void begin_chunk(std::uint64_t bytes);
  void end_chunk();
  /// The last chunk, where there are chunks.
  void end();

  /// Sends what is queued until the kernel takes no more: true when nothing is left.
  Result<bool> try_flush();
  /// Sends what try_flush() has left, waiting for the peer.
  async::Task<void> flush_rest();
  /// Sends all that is queued, waiting for the peer.
  async::Task<void> flush();

  /// Drops what is queued; only before anything of the reply was sent.
  void discard() noexcept;
  bool begun() const noexcept { return begun_; }
  /// Bytes of this reply have left, so that no other status can be given.
  bool sent_any() const noexcept { return sent_any_; }
  /// Sending has failed: the peer is gone.
  bool broken() const noexcept { return broken_; }
  bool keep_alive() const noexcept { return keep_alive_; }
  int status() const noexcept { return status_; }
  std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }
  /// Makes ready for the next request.
  void finish() noexcept;

 private:
  enum class Source : std::uint8_t { text, body, slice };
  struct Part {
    Source source;
    std::uint32_t begin;  ///< in the text, or the slice's number
    std::size_t length;
  };
  static constexpr std::size_t max_parts = 2 * max_slices + 8;
  /// Parts that are sent at a time when the peer must be waited for.
  static constexpr std::size_t parts_a_wait = 64;

  void add(Part part);
  iovec resolve(const Part& part) noexcept;
  std::size_t gather(std::span<iovec> out) noexcept;
  void advance(std::size_t sent) noexcept;
  void clear_queue() noexcept;

  Stream& stream_;
  TransferWatch& watch_;

  TextBuffer text_;
  std::string body_;
  std::array<PageSlice, max_slices> slices_;
  std::array<Part, max_parts> parts_;
  std::size_t slice_count_ = 0;
  std::size_t part_count_ = 0;
  std::size_t first_part_ = 0;    ///< parts before it are sent
  std::size_t first_offset_ = 0;  ///< sent of that part

  bool begun_ = false;
  bool sends_body_ = true;
  bool chunked_ = false;
  bool keep_alive_ = true;
  bool sent_any_ = false;
  bool broken_ = false;
  int status_ = 0;
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace seekfs::http
