// The fake's data, faults and waits.
#include "http/fake_reader_testing.h"

#include <fmt/format.h>

#include <algorithm>

#include "manifest/path.h"

namespace seekfs::http {
namespace {

std::string path_of(const reader::FileRef& file) {
  std::string path;
  file.manifest().path(file.index(), path);
  return path;
}

}  // namespace

/// One page, or what is asked of it, a piece.
class FakeReader::Stream final : public reader::ReadStream {
 public:
  Stream(FakeReader& reader, std::vector<reader::ReadItem> items) : reader_(reader), items_(std::move(items)) {
    ++reader_.live_streams_;
  }
  ~Stream() override { --reader_.live_streams_; }

  async::Task<reader::Piece> next() override {
    skip_done();
    if (item_ < items_.size()) {
      const auto gate = reader_.gate(path_of(items_[item_].file));
      if (gate) SEEKFS_CO_TRY(co_await gate->wait());
    }
    co_return take();
  }

  /// Only the end is known without a wait: every piece of this stream is one that was fetched.
  std::optional<Result<reader::Piece>> try_next() override {
    skip_done();
    if (item_ == items_.size()) return Result<reader::Piece>(reader::Piece{});
    return std::nullopt;
  }

  std::size_t failed_item() const override { return item_; }
  void skip_item() override {
    ++item_;
    sent_ = 0;
  }

 private:
  void skip_done() {
    while (item_ < items_.size() && sent_ == items_[item_].len) skip_item();
  }

  Result<reader::Piece> take() {
    skip_done();
    if (item_ == items_.size()) return reader::Piece{};
    const reader::ReadItem& item = items_[item_];
    const std::uint64_t off = item.off + sent_;
    const manifest::CompactManifest& files = item.file.manifest();
    const manifest::Page page = files.page(item.file.index(), files.page_at(item.file.index(), off));
    if (auto error = reader_.failure(path_of(item.file), page.off)) return std::unexpected(*error);
    const std::uint64_t length = std::min(page.off + page.len - off, item.len - sent_);
    sent_ += length;
    return reader::Piece{item_, reader_.slice(item.file, off, length)};
  }

  FakeReader& reader_;
  std::vector<reader::ReadItem> items_;
  std::size_t item_ = 0;
  std::uint64_t sent_ = 0;
};

void FakeReader::publish(const std::string& ns, std::uint64_t version, const std::vector<manifest::OracleFile>& files,
                         std::optional<std::int64_t> mtime) {
  manifest::Manifest content = manifest::oracle_manifest(ns, version, files);
  for (manifest::FileEntry& file : content.files) file.mtime = mtime;
  auto compact = manifest::make_compact(ns, content).value();
  MutexLock lock(mutex_);
  data_[ns][version] = std::move(compact);
}

void FakeReader::set_cold(const std::string& path) {
  MutexLock lock(mutex_);
  cold_.insert(path);
}

void FakeReader::fail_at(const std::string& path, std::uint64_t off, Error error) {
  MutexLock lock(mutex_);
  cold_.insert(path);
  failures_.insert_or_assign({path, off}, std::move(error));
}

void FakeReader::mend(const std::string& path) {
  MutexLock lock(mutex_);
  std::erase_if(failures_, [&](const auto& failure) { return failure.first.first == path; });
}

void FakeReader::set_slow_open(std::optional<Error> error) {
  MutexLock lock(mutex_);
  slow_open_ = true;
  open_error_ = std::move(error);
}

void FakeReader::on_reload(std::function<bool()> reload) {
  MutexLock lock(mutex_);
  reload_ = std::move(reload);
}

void FakeReader::hold(const std::string& path) {
  MutexLock lock(mutex_);
  cold_.insert(path);
  held_.insert(path);
}

void FakeReader::release() {
  std::vector<async::Promise<void>> waiters;
  {
    MutexLock lock(mutex_);
    held_.clear();
    waiters.swap(waiters_);
  }
  for (const async::Promise<void>& waiter : waiters) waiter.set({});
}

void FakeReader::wait_for_waiters(std::size_t count) {
  MutexLock lock(mutex_);
  while (waiters_.size() < count) waiters_changed_.wait(mutex_);
}

void FakeReader::set_degraded(std::vector<std::string> sentences) {
  MutexLock lock(mutex_);
  degraded_ = std::move(sentences);
}

Result<reader::VersionRef> FakeReader::find_version(std::string_view ns, std::optional<std::uint64_t> version) const {
  SEEKFS_TRY(manifest::check_namespace(ns));
  MutexLock lock(mutex_);
  const auto found = data_.find(ns);
  if (found == data_.end()) return fail(ErrorCode::no_such_namespace, fmt::format("there is no namespace '{}'", ns));
  const auto at = version ? found->second.find(*version) : std::prev(found->second.end());
  if (at == found->second.end()) return fail(ErrorCode::no_such_version, fmt::format("there is no v-{}", *version));
  return reader::VersionRef{std::make_shared<const std::string>(ns), at->second};
}

std::optional<Result<reader::FileRef>> FakeReader::try_open(std::string_view ns, std::string_view path,
                                                            std::optional<std::uint64_t> version) {
  {
    MutexLock lock(mutex_);
    if (slow_open_) return std::nullopt;
  }
  const auto found = find_version(ns, version);
  if (!found) return std::unexpected(found.error());
  return reader::find_file(*found, path);
}

async::Task<reader::FileRef> FakeReader::open(std::string ns, std::string path, std::optional<std::uint64_t> version,
                                              env::TimePoint deadline) {
  SEEKFS_CO_ASSIGN(const reader::VersionRef found, co_await open_version(ns, version, deadline));
  co_return reader::find_file(found, path);
}

std::optional<Result<reader::VersionRef>> FakeReader::try_open_version(std::string_view ns,
                                                                       std::optional<std::uint64_t> version) {
  {
    MutexLock lock(mutex_);
    if (slow_open_) return std::nullopt;
  }
  return find_version(ns, version);
}

async::Task<reader::VersionRef> FakeReader::open_version(std::string ns, std::optional<std::uint64_t> version,
                                                         env::TimePoint) {
  std::optional<Error> error;
  {
    MutexLock lock(mutex_);
    error = open_error_;
  }
  if (error) co_return std::unexpected(*error);
  co_return find_version(ns, version);
}

async::Task<bool> FakeReader::reload(std::string, std::uint64_t, env::TimePoint) {
  std::function<bool()> reload;
  {
    MutexLock lock(mutex_);
    reload = reload_;
  }
  co_return reload&& reload();
}

PageSlice FakeReader::slice(const reader::FileRef& file, std::uint64_t off, std::uint64_t len) {
  memory_.held += MutablePage::charge(static_cast<std::uint32_t>(len));
  MutablePage page = MutablePage::allocate(static_cast<std::uint32_t>(len), &memory_);
  manifest::oracle_bytes(file.ns(), path_of(file), file.version(), off, page.bytes());
  return {std::move(page).seal(), 0, static_cast<std::uint32_t>(len)};
}

std::size_t FakeReader::try_read(const reader::FileRef& file, std::uint64_t off, std::uint64_t len,
                                 std::span<PageSlice> out) {
  {
    MutexLock lock(mutex_);
    if (cold_.contains(path_of(file))) return 0;
  }
  const manifest::CompactManifest& files = file.manifest();
  const auto page_end = [&](std::uint64_t at) {
    const manifest::Page page = files.page(file.index(), files.page_at(file.index(), at));
    return page.off + page.len;
  };
  std::size_t count = 0;
  for (const std::uint64_t end = off + len; off < end; ++count) {
    if (count == out.size()) return 0;
    const std::uint64_t length = std::min(page_end(off), end) - off;
    out[count] = slice(file, off, length);
    off += length;
  }
  return count;
}

std::unique_ptr<reader::ReadStream> FakeReader::read(std::vector<reader::ReadItem> items) {
  return std::make_unique<Stream>(*this, std::move(items));
}

std::optional<Error> FakeReader::failure(const std::string& path, std::uint64_t off) const {
  MutexLock lock(mutex_);
  const auto found = failures_.find({path, off});
  return found == failures_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<async::Promise<void>> FakeReader::gate(const std::string& path) {
  MutexLock lock(mutex_);
  if (!held_.contains(path)) return std::nullopt;
  waiters_changed_.notify_all();
  return waiters_.emplace_back();
}

reader::NamespaceStatus FakeReader::describe(const std::string& ns, const Versions& versions) const {
  const manifest::CompactManifest& newest = *versions.rbegin()->second;
  return {ns, newest.version(), newest.file_count(), newest.total_bytes(), newest.header().created_at, {}};
}

async::Task<std::vector<reader::NamespaceStatus>> FakeReader::namespaces(env::TimePoint) {
  std::vector<reader::NamespaceStatus> all;
  MutexLock lock(mutex_);
  for (const auto& [ns, versions] : data_) all.push_back(describe(ns, versions));
  co_return all;
}

async::Task<reader::NamespaceStatus> FakeReader::namespace_status(std::string ns, env::TimePoint) {
  SEEKFS_CO_TRY(find_version(ns, {}));
  MutexLock lock(mutex_);
  co_return describe(ns, data_.find(ns)->second);
}

std::vector<std::string> FakeReader::degraded() const {
  MutexLock lock(mutex_);
  return degraded_;
}

}  // namespace seekfs::http
