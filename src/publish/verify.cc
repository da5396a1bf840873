// The three levels of verification over one manifest.
#include "publish/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "manifest/in_quotes.h"
#include "publish/content_audit.h"
#include "publish/in_flight.h"
#include "publish/object_audit.h"
#include "publish/ranged_reader.h"
#include "publish/versions.h"

namespace seekfs::publish {
namespace {

class NullObserver final : public VerifyObserver {
 public:
  void on_progress(std::uint64_t /*bytes_done*/, std::uint64_t /*bytes_total*/) override {}
};

/// A page to read: the file's index and the page's.
struct PagePick {
  std::size_t file;
  std::size_t page;
};

/// The state of one verify() call.
class Verification {
 public:
  Verification(const Parts& parts, const manifest::Manifest& manifest, VerifyObserver& observer)
      : parts_(parts), files_(manifest.files), observer_(observer), reader_(parts.store, parts.pool, {}) {
    for (const manifest::FileEntry& file : files_) bytes_ += file.size;
  }

  Status check_objects() {
    SEEKFS_ASSIGN(std::vector<Mismatch> found, audit_objects(parts_.store, files_));
    MutexLock lock(mutex_);
    for (Mismatch& mismatch : found) {
      std::string path = mismatch.path;
      bad_.emplace(std::move(path), std::move(mismatch));
    }
    return {};
  }

  Status check_sample(double percent) {
    const std::vector<PagePick> picks = pick(percent);
    for (const PagePick& one : picks) to_read_ += files_[one.file].pages[one.page].len;
    return read_all(picks.size(), [&](std::size_t i) -> async::Task<void> {
      const manifest::FileEntry& file = files_[picks[i].file];
      SEEKFS_CO_ASSIGN(std::optional<Mismatch> found, co_await audit_page(reader_, file, picks[i].page));
      advance(file.pages[picks[i].page].len);
      take(file.path, std::move(found), 1);
      co_return Status();
    });
  }

  Status check_all() {
    to_read_ = bytes_;
    return read_all(files_.size(), [&](std::size_t i) -> async::Task<void> {
      const manifest::FileEntry& file = files_[i];
      SEEKFS_CO_ASSIGN(std::optional<Mismatch> found,
                       co_await audit_file(reader_, file, [this](std::uint64_t bytes) { advance(bytes); }));
      take(file.path, std::move(found), file.pages.size());
      co_return Status();
    });
  }

  VerifyReport report(std::uint64_t version) {
    MutexLock lock(mutex_);
    VerifyReport report;
    report.version = version;
    report.files = files_.size();
    report.bytes = bytes_;
    report.checked_pages = checked_pages_;
    report.checked_bytes = checked_bytes_;
    report.bad_files = bad_.size();
    for (auto& [path, mismatch] : bad_) {
      if (report.mismatches.size() == max_mismatches) break;
      report.mismatches.push_back(std::move(mismatch));
    }
    return report;
  }

 private:
  /// Each page with the same chance, and one at least.
  std::vector<PagePick> pick(double percent) {
    std::vector<PagePick> picks;
    std::vector<PagePick> all;
    constexpr std::uint64_t scale = std::uint64_t{1} << 32U;
    const auto threshold = static_cast<std::uint64_t>(percent / 100 * static_cast<double>(scale));
    for (std::size_t file = 0; file < files_.size(); ++file) {
      for (std::size_t page = 0; page < files_[file].pages.size(); ++page) {
        all.push_back({file, page});
        if (parts_.random.below(scale) < threshold) picks.push_back({file, page});
      }
    }
    if (picks.empty() && !all.empty()) picks.push_back(all[parts_.random.below(all.size())]);
    return picks;
  }

  Status read_all(std::size_t count, const std::function<async::Task<void>(std::size_t)>& audit) {
    return for_each_in_flight(count, objects_in_flight, [&](std::size_t i) -> async::Task<void> {
      Status done = co_await audit(i);
      if (!done) reader_.stop();
      co_return done;
    });
  }

  void advance(std::uint64_t bytes) {
    MutexLock lock(mutex_);
    checked_bytes_ += bytes;
    observer_.on_progress(checked_bytes_, to_read_);
  }

  void take(const std::string& path, std::optional<Mismatch> found, std::uint64_t pages) {
    MutexLock lock(mutex_);
    checked_pages_ += pages;
    // What the bytes say is more exact than what the list said.
    if (found) bad_.insert_or_assign(path, std::move(*found));
  }

  const Parts& parts_;
  const std::vector<manifest::FileEntry>& files_;
  VerifyObserver& observer_;
  RangedReader reader_;
  std::uint64_t bytes_ = 0;
  std::uint64_t to_read_ = 0;
  Mutex mutex_;
  std::map<std::string, Mismatch> bad_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t checked_pages_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t checked_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace

VerifyObserver& null_verify_observer() {
  static NullObserver observer;
  return observer;
}

std::string_view to_string(MismatchKind kind) noexcept {
  switch (kind) {
    case MismatchKind::missing: return "missing";
    case MismatchKind::size: return "size";
    case MismatchKind::etag: return "etag";
    case MismatchKind::page_crc: return "page_crc";
    case MismatchKind::hash: return "hash";
  }
  return "unknown";
}

Status parse_verify_level(std::string_view text, VerifyRequest& request) {
  constexpr std::string_view sample = "sample=";
  if (text == "head" || text == "full" || text == "sample") {
    request.level = text == "head" ? VerifyLevel::head : text == "full" ? VerifyLevel::full : VerifyLevel::sample;
    request.sample_percent = 1;
    return {};
  }
  if (text.starts_with(sample) && text.ends_with('%')) {
    const std::string_view share = text.substr(sample.size(), text.size() - sample.size() - 1);
    double percent = 0;
    const auto [end, error] = std::from_chars(share.data(), share.data() + share.size(), percent);
    if (error == std::errc() && end == share.data() + share.size() && percent > 0 && percent <= 100) {
      request.level = VerifyLevel::sample;
      request.sample_percent = percent;
      return {};
    }
  }
  return fail(ErrorCode::bad_request,
              fmt::format("level {} is none of head, sample=P% (0 < P <= 100) and full", manifest::in_quotes(text)));
}

Result<VerifyReport> Verifier::verify(const VerifyRequest& request, VerifyObserver& observer) {
  if (!(request.sample_percent > 0 && request.sample_percent <= 100)) {
    return fail(ErrorCode::bad_request, "the share of a sample must be above 0 % and at most 100 %");
  }
  Versions versions(parts_);
  SEEKFS_ASSIGN(const manifest::Manifest manifest, versions.load(request.ns, request.version));
  Verification verification(parts_, manifest, observer);
  SEEKFS_TRY(verification.check_objects());
  if (request.level == VerifyLevel::sample) SEEKFS_TRY(verification.check_sample(request.sample_percent));
  if (request.level == VerifyLevel::full) SEEKFS_TRY(verification.check_all());
  return verification.report(manifest.version);
}

}  // namespace seekfs::publish
