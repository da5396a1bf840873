// Matching reads to streams, and the growth of their windows.
#include "reader/read_ahead.h"

#include <algorithm>

namespace seekfs::reader {
namespace {

/// How far from a stream's end, in reads, one of its reads may be: as many parallel readers may share a stream.
constexpr std::uint64_t reordering = 16;
constexpr std::uint64_t max_reordering_bytes = 16U << 20U;
constexpr std::uint64_t reads_to_believe = 3;
/// A stream that saw nothing while so many reads came elsewhere holds nothing ahead any more.
constexpr std::uint64_t forgotten_after = 1024;

/// What believed streams may have of the table for good, in quarters: the rest is left to reads that may become one.
constexpr std::size_t believed_quarters = 3;

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a < b ? b - a : a - b; }

}  // namespace

/// The stream whose next read this most likely is.
ReadAhead::Stream* ReadAhead::find(const ReadNote& note) {
  const std::uint64_t slack = std::min(reordering * note.read.len, max_reordering_bytes);
  Stream* nearest = nullptr;
  for (Stream& stream : streams_) {
    if (stream.file != note.file) continue;
    const bool follows = note.read.off == stream.end;
    const bool may_be_next = stream.is_believed() && (distance(note.read.off, stream.end) <= slack ||
                                                      (stream.begin <= note.read.off && note.read.off < stream.ahead));
    if (!follows && !may_be_next) continue;
    if (nearest == nullptr || distance(note.read.off, stream.end) < distance(note.read.off, nearest->end)) {
      nearest = &stream;
    }
  }
  return nearest;
}

/// Of a full table. Random reads begin one stream each: they take each other's places, and drive out no reader that is
/// slower than they are.
ReadAhead::Stream& ReadAhead::victim() {
  const auto believed = static_cast<std::size_t>(std::ranges::count_if(streams_, &Stream::is_believed));
  const bool gives = believed > policy_.max_streams * believed_quarters / 4;
  Stream* oldest = nullptr;
  for (Stream& stream : streams_) {
    if (stream.is_believed() != gives) continue;
    if (oldest == nullptr || stream.last_used < oldest->last_used) oldest = &stream;
  }
  return *oldest;
}

ReadAhead::Stream& ReadAhead::begin_stream(const ReadNote& note) {
  Stream* stream = streams_.size() < policy_.max_streams ? &streams_.emplace_back() : &victim();
  *stream = {.file = note.file,
             .begin = note.read.off,
             .end = note.read.off,
             .ahead = note.read.off,
             .limit = policy_.max_window};
  return *stream;
}

bool ReadAhead::can_be_believed(const Stream& stream, const ReadNote& note) const {
  if (stream.reads == 1) return stream.begin == 0 && note.likely;
  return stream.is_believed() || stream.begin == 0 || stream.reads >= reads_to_believe;
}

void ReadAhead::resize_window(Stream& stream, const ReadNote& note, bool lost) const {
  if (lost) {
    stream.limit = std::max(stream.window / 2, std::min(note.read.len, policy_.max_window));
  } else {
    stream.limit = std::min(stream.limit + stream.limit / 4, policy_.max_window);
  }
  // Who begins at the start is likely to read on; others may have come to be neighbours by chance.
  const std::uint64_t quick = stream.begin == 0 ? std::min(8 * stream.seen, policy_.quick_growth_to) : 0;
  const std::uint64_t wanted = std::max(quick, 2 * stream.seen);
  stream.window = std::min(wanted, stream.limit);
}

std::uint64_t ReadAhead::total_ahead() const {
  std::uint64_t total = 0;
  for (const Stream& stream : streams_) {
    if (stream.last_used + forgotten_after > now_) total += stream.ahead - stream.end;
  }
  return total;
}

std::optional<ByteSpan> ReadAhead::on_read(const ReadNote& note) {
  if (policy_.max_window == 0 || note.read.len == 0) return std::nullopt;
  ++now_;
  Stream* found = find(note);
  Stream& stream = found == nullptr ? begin_stream(note) : *found;
  const bool leaves_gap = note.read.off > stream.end;
  const bool lost = note.lost && note.read.end() <= stream.ahead;
  stream.last_used = now_;
  ++stream.reads;
  stream.begin = std::min(stream.begin, note.read.off);
  stream.end = std::max(stream.end, note.read.end());
  stream.seen = std::min(stream.seen + note.read.len, stream.end - stream.begin);
  stream.ahead = std::max(stream.ahead, stream.end);
  if (stream.seen * 2 < stream.end - stream.begin) {  // it jumps about: looked at anew from here
    stream.begin = note.read.off;
    stream.end = stream.ahead = note.read.end();
    stream.seen = note.read.len;
    stream.window = 0;
    stream.reads = 1;
    return std::nullopt;
  }
  if (leaves_gap || !can_be_believed(stream, note)) return std::nullopt;
  if (lost) {
    stream.ahead = stream.end;
  } else if (stream.window > 0) {
    // A window that still grows is filled again early, a large one in large pieces.
    const std::uint64_t left = stream.ahead - stream.end;
    if (left * 4 > stream.window * (stream.window < policy_.max_window ? 3 : 2)) return std::nullopt;
  }
  resize_window(stream, note, lost);
  const std::uint64_t target = std::min(stream.end + stream.window, note.file_size);
  if (target <= stream.ahead) return std::nullopt;
  const std::uint64_t total = total_ahead();
  if (total >= policy_.max_total) return std::nullopt;
  const ByteSpan span{stream.ahead, std::min(target - stream.ahead, policy_.max_total - total)};
  stream.ahead = span.end();
  return span;
}

void ReadAhead::refused(std::uint64_t file, ByteSpan given, std::uint64_t end) {
  for (Stream& stream : streams_) {
    if (stream.file != file || stream.ahead != given.end()) continue;
    stream.ahead = std::max(stream.end, std::min(end, stream.ahead));
    stream.limit = std::max(stream.window / 2, std::min(policy_.max_window, given.len));
    return;
  }
}

}  // namespace seekfs::reader
