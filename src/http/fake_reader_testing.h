// A ReadService in memory for tests: bytes of the oracle, told which files are cold, which fail where, and when to
// wait.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "manifest/manifest_testing.h"
#include "reader/read_service.h"

namespace seekfs::http {

/// Counts the bytes of pages that somebody holds.
class CountingMemory final : public PageMemory {
 public:
  void release(std::size_t bytes) noexcept override { held -= bytes; }
  std::atomic<std::size_t> held{0};
};

/// Thread-safe.
class FakeReader final : public reader::ReadService {
 public:
  /// Adds a version and makes it the newest.
  void publish(const std::string& ns, std::uint64_t version, const std::vector<manifest::OracleFile>& files,
               std::optional<std::int64_t> mtime = {});
  /// try_read finds nothing of the file, so that a stream serves it.
  void set_cold(const std::string& path);
  /// A stream fails when it comes to byte `off` of the file, which must be the start of a page.
  void fail_at(const std::string& path, std::uint64_t off, Error error);
  /// Takes back every fail_at() of the file.
  void mend(const std::string& path);
  /// try_open never answers; open() gives `error` where one is set.
  void set_slow_open(std::optional<Error> error);
  /// What reload() does: true when there is another version to be read now. Without it, there is none.
  void on_reload(std::function<bool()> reload);
  /// Streams wait before each piece of the file until release().
  void hold(const std::string& path);
  void release();
  /// Blocks until this many streams wait.
  void wait_for_waiters(std::size_t count);
  void set_degraded(std::vector<std::string> sentences);

  std::size_t page_bytes_held() const { return memory_.held; }
  std::size_t live_streams() const { return live_streams_; }

  std::optional<Result<reader::FileRef>> try_open(std::string_view ns, std::string_view path,
                                                  std::optional<std::uint64_t> version) override;
  async::Task<reader::FileRef> open(std::string ns, std::string path, std::optional<std::uint64_t> version,
                                    env::TimePoint deadline) override;
  std::optional<Result<reader::VersionRef>> try_open_version(std::string_view ns,
                                                             std::optional<std::uint64_t> version) override;
  async::Task<reader::VersionRef> open_version(std::string ns, std::optional<std::uint64_t> version,
                                               env::TimePoint deadline) override;
  async::Task<bool> reload(std::string ns, std::uint64_t stale, env::TimePoint deadline) override;
  std::size_t try_read(const reader::FileRef& file, std::uint64_t off, std::uint64_t len,
                       std::span<PageSlice> out) override;
  std::unique_ptr<reader::ReadStream> read(std::vector<reader::ReadItem> items) override;
  async::Task<std::vector<reader::NamespaceStatus>> namespaces(env::TimePoint deadline) override;
  async::Task<reader::NamespaceStatus> namespace_status(std::string ns, env::TimePoint deadline) override;
  std::vector<std::string> degraded() const override;

 private:
  class Stream;
  using Versions = std::map<std::uint64_t, std::shared_ptr<const manifest::CompactManifest>>;

  Result<reader::VersionRef> find_version(std::string_view ns, std::optional<std::uint64_t> version) const;
  reader::NamespaceStatus describe(const std::string& ns, const Versions& versions) const;
  PageSlice slice(const reader::FileRef& file, std::uint64_t off, std::uint64_t len);
  std::optional<Error> failure(const std::string& path, std::uint64_t off) const;
  /// What a stream must wait for before it goes on with `path`; nothing when it need not.
  std::optional<async::Promise<void>> gate(const std::string& path);

  mutable Mutex mutex_;
  CondVar waiters_changed_;
  std::map<std::string, Versions, std::less<>> data_ SEEKFS_GUARDED_BY(mutex_);
  std::set<std::string> cold_ SEEKFS_GUARDED_BY(mutex_);
  std::set<std::string> held_ SEEKFS_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::uint64_t>, Error> failures_ SEEKFS_GUARDED_BY(mutex_);
  std::function<bool()> reload_ SEEKFS_GUARDED_BY(mutex_);
  bool slow_open_ SEEKFS_GUARDED_BY(mutex_) = false;
  std::optional<Error> open_error_ SEEKFS_GUARDED_BY(mutex_);
  std::vector<async::Promise<void>> waiters_ SEEKFS_GUARDED_BY(mutex_);
  std::vector<std::string> degraded_ SEEKFS_GUARDED_BY(mutex_);
  CountingMemory memory_;
  std::atomic<std::size_t> live_streams_{0};
};

}  // namespace seekfs::http
