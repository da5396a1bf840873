// Page by page through both tiers, in steps.
#include "reader/cache_control.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <functional>
#include <limits>
#include <string>

#include "reader/page_reader.h"

namespace seekfs::reader {
namespace {

/// How many pages are looked at before others on the executor get their turn: a fraction of a millisecond of work.
constexpr std::size_t pages_in_a_step = 2048;

/// The names that a page's facts refer to.
struct FileNames {
  explicit FileNames(const FileRef& file) {
    file.manifest().path(file.index(), path);
    file.manifest().hash_hex(file.index(), hash);
  }
  std::string path;
  std::string hash;
};

using Visit = std::function<void(const manifest::PageKey&, const l2::PageFacts&)>;

/// Calls `visit` for every page of the file. `step` counts pages across files.
async::Task<void> for_each_page(const FileRef& file, std::size_t& step, const Visit& visit) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const FileNames names(file);
  const PageReader reader(file);
  const manifest::CompactManifest& manifest = file.manifest();
  const std::uint32_t count = manifest.page_count(file.index());
  for (std::uint32_t id = 0; id < count; ++id) {
    const manifest::Page page = manifest.page(file.index(), id);
    visit(reader.key(id, page), {.crc32c = page.crc32c, .ns = file.ns(), .path = names.path, .hash = names.hash});
    if (++step % pages_in_a_step == 0) {
      co_await boost::asio::post(executor, boost::asio::use_awaitable_t<async::Executor>());
    }
  }
  co_return Status{};
}

/// What a tier on disk says, in words that are not mistaken for the object store's.
std::unexpected<Error> tier_error(Error error) {
  if (error.code != ErrorCode::exhausted && error.code != ErrorCode::cancelled) error.code = ErrorCode::internal;
  return std::unexpected(error.with_context("the cache on disk"));
}

}  // namespace

Result<l2::L2Admin*> CacheControl::admin() const {
  if (parts_.admin != nullptr) return parts_.admin;
  return fail(ErrorCode::bad_request, "this daemon has no cache on disk: see cache.l2.backend of its configuration");
}

std::vector<l2::DiskStatus> CacheControl::disks() const {
  return parts_.admin == nullptr ? std::vector<l2::DiskStatus>() : parts_.admin->disks();
}

std::vector<std::string> CacheControl::degraded() const {
  std::vector<std::string> sentences;
  for (const l2::DiskStatus& disk : disks()) {
    if (!disk.up) sentences.push_back(fmt::format("cache directory {} is switched off: {}", disk.path, disk.detail));
  }
  return sentences;
}

async::Task<HeldBytes> CacheControl::held(FileRef file) const {
  HeldBytes held;
  std::size_t step = 0;
  const Visit look = [&](const manifest::PageKey& key, const l2::PageFacts& facts) {
    if (parts_.l1.contains(key)) held.l1 += key.len;
    if (parts_.l2.enabled() && parts_.l2.may_contain(key, facts)) held.l2 += key.len;
  };
  SEEKFS_CO_TRY(co_await for_each_page(file, step, look));
  co_return held;
}

void CacheControl::forget(const manifest::PageKey& key) {
  parts_.l1.remove(key);
  if (parts_.l2.enabled()) parts_.l2.remove(key);
}

async::Task<std::uint64_t> CacheControl::drop(FileRef file) {
  std::size_t dropped = 0;
  const Visit visit = [this](const manifest::PageKey& key, const l2::PageFacts&) { forget(key); };
  SEEKFS_CO_TRY(co_await for_each_page(file, dropped, visit));
  co_return dropped;
}

async::Task<std::uint64_t> CacheControl::drop(VersionRef version) {
  std::size_t dropped = 0;
  const Visit visit = [this](const manifest::PageKey& key, const l2::PageFacts&) { forget(key); };
  for (manifest::FileIndex index = 0; index < version.manifest->file_count(); ++index) {
    SEEKFS_CO_TRY(co_await for_each_page(FileRef(version.ns, version.manifest, index), dropped, visit));
  }
  co_return dropped;
}

async::Task<void> CacheControl::drop_all() {
  if (parts_.l2.enabled()) {
    SEEKFS_CO_ASSIGN(l2::L2Admin* const tier, admin());
    const Status dropped = co_await tier->drop_all();
    if (!dropped) co_return tier_error(dropped.error());
  }
  parts_.l1.shrink(std::numeric_limits<std::uint64_t>::max());
  co_return Status{};
}

async::Task<l2::CheckReport> CacheControl::check() {
  SEEKFS_CO_ASSIGN(l2::L2Admin* const tier, admin());
  auto report = co_await tier->check();
  if (!report) co_return tier_error(report.error());
  co_return std::move(*report);
}

async::Task<void> CacheControl::compact() {
  SEEKFS_CO_ASSIGN(l2::L2Admin* const tier, admin());
  const Status done = co_await tier->compact();
  if (!done) co_return tier_error(done.error());
  co_return Status{};
}

}  // namespace seekfs::reader
