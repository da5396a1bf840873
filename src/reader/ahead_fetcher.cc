// From reads to pages, and from spans to requests.
#include "reader/ahead_fetcher.h"

#include <cstring>
#include <optional>
#include <vector>

namespace seekfs::reader {
namespace {

/// Of one window; files with tiny pages get a smaller one.
constexpr std::size_t max_pages = 1024;

std::uint64_t number_of(const manifest::FileKey& key) {
  std::uint64_t number = 0;
  std::memcpy(&number, key.bytes.data(), sizeof number);
  return number;
}

}  // namespace

/// Whether pages that were fetched ahead were mostly read: else a first read is no reason to fetch more.
bool AheadFetcher::is_start_trusted() {
  const auto outcomes = l1_.prefetch_outcomes(cache::PageCause::prefetch);
  usefulness_.observe(outcomes.used, outcomes.unused);
  return usefulness_.probability() >= 0.5;
}

void AheadFetcher::on_read(const FileRef& file, PageReader& reader, std::uint64_t off, std::uint64_t len, bool lost) {
  const manifest::CompactManifest& manifest = file.manifest();
  const std::uint64_t size = file.size();
  if (policy_.max_window == 0 || (off == 0 && len == size)) return;
  const manifest::Page first = manifest.page(file.index(), manifest.page_at(file.index(), off));
  const manifest::Page last = manifest.page(file.index(), manifest.page_at(file.index(), off + len - 1));
  const std::uint64_t number = number_of(reader.key(0, first).file);
  const bool trusted = is_start_trusted();
  std::optional<ByteSpan> span;
  {
    MutexLock lock(mutex_);
    span = ahead_.on_read({.file = number,
                           .file_size = size,
                           .read = {first.off, last.off + last.len - first.off},
                           .likely = len >= first.len && trusted,
                           .lost = lost});
  }
  if (!span) return;
  std::vector<fetch::PageRequest> requests;
  for (std::uint64_t at = span->off; at < span->end() && requests.size() < max_pages;) {
    const std::uint32_t page_id = manifest.page_at(file.index(), at);
    const manifest::Page page = manifest.page(file.index(), page_id);
    requests.push_back(reader.request(page_id, page));
    at = page.off + page.len;
  }
  const std::size_t taken = fetcher_.prefetch(requests, background_.executor());
  const manifest::PageKey& end = requests[taken == requests.size() ? taken - 1 : taken].key;
  const std::uint64_t reached = taken == requests.size() ? end.off + end.len : end.off;
  if (reached >= span->end()) return;
  MutexLock lock(mutex_);
  ahead_.refused(number, *span, reached);
}

}  // namespace seekfs::reader
