// The steps of a start, one segment after the other, oldest first: later records win.
#include "segmentstore/recovery.h"

#include <algorithm>
#include <map>
#include <optional>

#include "segmentstore/record_walk.h"
#include "segmentstore/segment_drain.h"

namespace seekfs::segmentstore {
namespace {

class Recovery {
 public:
  explicit Recovery(const RecoveryParts& parts) : parts_(parts) {}
  Result<SegmentNumber> run();

 private:
  using Known = std::optional<SegmentSummary>;

  Result<std::map<SegmentNumber, SegmentSummary>> load_index(const std::vector<SegmentNumber>& numbers);
  Status recover_segment(SegmentNumber number, Known known);
  Result<SegmentRef> open_segment(SegmentNumber number);
  bool is_better(const Segment& segment, Fingerprint fingerprint, Location location) const;
  Status replay(Segment& segment, const std::vector<FooterEntry>& entries, std::uint64_t from);
  Status walk(Segment& segment, const Known& known, std::uint64_t file_size);
  void cut_and_seal(Segment& segment, const std::vector<FooterEntry>& entries, std::uint64_t file_size);
  Status discard(const Segment& segment);

  const RecoveryParts& parts_;
  std::uint64_t replayed_ = 0;
};

std::uint64_t end_of(const std::vector<FooterEntry>& entries) {
  return entries.empty() ? 0 : record_end(entries.back().offset, entries.back().length);
}

Result<SegmentNumber> Recovery::run() {
  SEEKFS_ASSIGN(const auto numbers, parts_.directory.segments());
  SEEKFS_ASSIGN(const auto known, load_index(numbers));
  SegmentNumber last = known.empty() ? 0 : known.rbegin()->first;
  for (const SegmentNumber number : numbers) {
    const auto summary = known.find(number);
    SEEKFS_TRY(recover_segment(number, summary == known.end() ? Known() : summary->second));
    // A file that was no segment does not use up the numbers.
    if (parts_.table.find(number)) last = std::max(last, number);
  }
  parts_.log.info("a page cache is open", {{"directory", parts_.directory.path()},
                                           {"segments", numbers.size()},
                                           {"pages", parts_.index.size()},
                                           {"replayed", replayed_}});
  return last;
}

Result<std::map<SegmentNumber, SegmentSummary>> Recovery::load_index(const std::vector<SegmentNumber>& numbers) {
  const auto loaded = parts_.index.load({numbers.begin(), numbers.end()});
  std::map<SegmentNumber, SegmentSummary> known;
  if (!loaded) {
    if (loaded.error().code != ErrorCode::corrupt && loaded.error().code != ErrorCode::not_found) {
      return std::unexpected(loaded.error());
    }
    if (!numbers.empty()) {
      parts_.log.warning("the index of a page cache is missing or damaged and is rebuilt from its segments",
                         {{"directory", parts_.directory.path()}, {"reason", loaded.error().message}});
    }
    return known;
  }
  for (const SegmentSummary& summary : *loaded) known.emplace(summary.number, summary);
  return known;
}

Result<SegmentRef> Recovery::open_segment(SegmentNumber number) {
  const std::string path = parts_.directory.segment_path(number);
  SEEKFS_ASSIGN(auto file, parts_.directory.files().open(path, {.write = true, .no_follow = true}));
  SEEKFS_ASSIGN(const env::FileInfo info, file->info());
  return std::make_shared<Segment>(SegmentIdentity{parts_.directory.store_id(), number}, path, std::move(file),
                                   info.allocated, parts_.use);
}

Status Recovery::recover_segment(SegmentNumber number, Known known) {
  SEEKFS_ASSIGN(const SegmentRef segment, open_segment(number));
  SEEKFS_ASSIGN(const env::FileInfo info, segment->file().info());
  const auto trailer = read_trailer(segment->file(), info.size, segment->identity());
  // A disk that fails says nothing about what was written: the start fails, and nothing is removed.
  if (!trailer && trailer.error().code != ErrorCode::corrupt) return std::unexpected(trailer.error());
  if (!trailer && known && known->sealed) {
    // What was saved is of a file that is gone or changed.
    parts_.index.erase_segment(number);
    known.reset();
  }
  if (known) segment->set_live(known->live_pages, known->live_bytes);
  parts_.table.add(segment);
  segment->set_wants_sample();
  if (!known || !known->sealed) parts_.unsynced.push_back(segment);
  if (!trailer) return walk(*segment, known, info.size);
  segment->seal(trailer->data_end);
  if (known && known->sealed) return {};
  const auto entries = read_footer_entries(segment->file(), *trailer);
  if (!entries && entries.error().code != ErrorCode::corrupt) return std::unexpected(entries.error());
  if (!entries) return walk(*segment, known, info.size);
  return replay(*segment, *entries, known ? known->data_end : 0);
}

/// A page that was being carried over has two records. The newer one may be torn while the older is whole: only then
/// the bytes are read here.
bool Recovery::is_better(const Segment& segment, Fingerprint fingerprint, Location location) const {
  const auto before = parts_.index.find(fingerprint);
  if (!before || *before == location || !parts_.table.find(before->segment)) return true;
  return read_checked(segment, {fingerprint, location}).has_value();
}

/// Makes the records from `from` on findable.
Status Recovery::replay(Segment& segment, const std::vector<FooterEntry>& entries, std::uint64_t from) {
  for (const FooterEntry& entry : entries) {
    if (entry.offset < from) continue;
    const Location location{segment.number(), entry.offset};
    if (!is_better(segment, entry.fingerprint, location)) continue;
    SEEKFS_ASSIGN(const auto before, parts_.index.insert(entry.fingerprint, location));
    if (before) {
      if (const SegmentRef old = parts_.table.find(before->segment)) old->remove_live(entry.length);
    }
    segment.add_live(entry.length);
    ++replayed_;
  }
  return {};
}

Status Recovery::walk(Segment& segment, const Known& known, std::uint64_t file_size) {
  SEEKFS_ASSIGN(const auto records, walk_records(segment.file(), file_size, segment.identity()));
  std::vector<FooterEntry> entries;
  for (const WalkedRecord& record : records) entries.push_back(record.entry);
  if (entries.empty()) return discard(segment);
  const std::uint64_t from = known && end_of(entries) >= known->data_end ? known->data_end : 0;
  if (known && from == 0) {
    // Less is left than was saved: begin anew.
    parts_.index.erase_segment(segment.number());
    segment.set_live(0, 0);
  }
  SEEKFS_TRY(replay(segment, entries, from));
  cut_and_seal(segment, entries, file_size);
  return {};
}

/// As good as it goes: a segment that can't be sealed is walked again at the next start. The footer never makes the
/// file longer, since nobody has reserved room for that.
void Recovery::cut_and_seal(Segment& segment, const std::vector<FooterEntry>& entries, std::uint64_t file_size) {
  const std::uint64_t end = end_of(entries);
  segment.seal(end);
  const std::uint64_t footer_at = footer_begin(end);
  const std::uint64_t new_size = footer_at + footer_size(entries.size());
  if (new_size > file_size) return;
  const auto footer = encode_footer(segment.identity(), end, entries);
  Status sealed = segment.file().write_at(footer_at, footer);
  if (sealed) sealed = segment.file().truncate(new_size);
  if (sealed) sealed = segment.file().sync_data();
  if (!sealed) {
    parts_.log.warning("a segment could not be sealed",
                       {{"segment", segment.path()}, {"error", sealed.error().message}});
  }
  if (const auto info = segment.file().info()) segment.set_allocated(info->allocated);
}

Status Recovery::discard(const Segment& segment) {
  parts_.log.warning("a segment file holds no page of this cache and is removed", {{"segment", segment.path()}});
  const SegmentNumber number = segment.number();
  const std::string& path = segment.path();
  parts_.index.erase_segment(number);
  parts_.table.remove(number);
  std::erase_if(parts_.unsynced, [&](const SegmentRef& one) { return one->number() == number; });
  return parts_.directory.files().remove_file(path);
}

}  // namespace

Result<SegmentNumber> recover(const RecoveryParts& parts) { return Recovery(parts).run(); }

}  // namespace seekfs::segmentstore
