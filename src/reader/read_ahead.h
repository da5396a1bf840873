// Decides how far ahead of sequential readers pages are fetched. Pure: knows of reads only what it is told.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace seekfs::reader {

struct ReadAheadPolicy {
  /// Of one stream, bytes; 0: no read-ahead at all.
  std::uint64_t max_window = 32U << 20U;
  /// Of all streams together: asked for, and not read yet.
  std::uint64_t max_total = 256U << 20U;
  /// A stream from the start of a file has a window of eight times what it has read, up to here; then twice.
  std::uint64_t quick_growth_to = 16U << 20U;
  /// More than 0. The one unused longest gives way: of those that are not believed, unless the believed have more than
  /// three quarters.
  std::size_t max_streams = 128;
};

/// Bytes [off, off + len) of a file.
struct ByteSpan {
  std::uint64_t off = 0;
  std::uint64_t len = 0;
  std::uint64_t end() const noexcept { return off + len; }
  bool operator==(const ByteSpan&) const = default;
};

/// What was read, widened to whole pages.
struct ReadNote {
  std::uint64_t file = 0;  ///< any number that tells files apart
  std::uint64_t file_size = 0;
  ByteSpan read;
  bool likely = true;  ///< that one who reads the start of a file reads on; else the second read decides
  bool lost = false;   ///< some of it is in no cache and not on its way, though it may have been fetched ahead
};

/// Finds streams: reads of a file that follow each other, several at once in one file. A stream is believed when it
/// begins at the start of the file, or has three reads of which each follows the one before; then its reads may also be
/// out of order, as parallel readers of one stream send them, as long as they leave no more than half out. Its window
/// is a multiple of what it has read, shrinks when pages are lost before they are read, and ends when the reader jumps.
/// Belongs to one thread at a time.
class ReadAhead {
 public:
  explicit ReadAhead(ReadAheadPolicy policy) : policy_(policy) { streams_.reserve(policy.max_streams); }

  /// A read that found pages missing, or was the first use of pages that were fetched ahead. What is to be fetched now,
  /// if anything; it counts as fetched.
  std::optional<ByteSpan> on_read(const ReadNote& note);
  /// Of what on_read() gave for `file`, only the bytes before `end` could be asked for.
  void refused(std::uint64_t file, ByteSpan given, std::uint64_t end);

 private:
  struct Stream {
    std::uint64_t file = 0;
    std::uint64_t begin = 0;   ///< of the lowest read
    std::uint64_t end = 0;     ///< of the highest read
    std::uint64_t seen = 0;    ///< bytes read
    std::uint64_t ahead = 0;   ///< where what was fetched ahead ends; at least `end`
    std::uint64_t window = 0;  ///< 0: not believed yet
    std::uint64_t limit = 0;   ///< of the window
    std::uint64_t reads = 0;
    std::uint64_t last_used = 0;
    bool is_believed() const noexcept { return window > 0; }
  };

  Stream* find(const ReadNote& note);
  Stream& victim();
  Stream& begin_stream(const ReadNote& note);
  bool can_be_believed(const Stream& stream, const ReadNote& note) const;
  void resize_window(Stream& stream, const ReadNote& note, bool lost) const;
  std::uint64_t total_ahead() const;

  ReadAheadPolicy policy_;
  std::vector<Stream> streams_;
  std::uint64_t now_ = 0;  ///< counts reads
};

}  // namespace seekfs::reader
