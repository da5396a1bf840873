// Fetch, hash, parse on the pool, keep a copy.
#include "reader/manifest_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "manifest/layout.h"

namespace seekfs::reader {
namespace {

constexpr std::uint64_t info_limit = 1U << 20U;
constexpr std::size_t feed_piece = 256U << 10U;

/// A reservation of manifest memory that can grow.
class Reservation {
 public:
  explicit Reservation(cache::MemoryBudget& budget) : budget_(budget) {}
  ~Reservation() { budget_.release(cache::MemoryUse::manifests, bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  /// False when the budget does not allow it; what was reserved before stays.
  bool grow_to(std::uint64_t bytes) {
    if (bytes <= bytes_) return true;
    if (!budget_.try_reserve(cache::MemoryUse::manifests, bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  void shrink_to(std::uint64_t bytes) {
    if (bytes >= bytes_) return;
    budget_.release(cache::MemoryUse::manifests, bytes_ - bytes);
    bytes_ = bytes;
  }

 private:
  cache::MemoryBudget& budget_;
  std::uint64_t bytes_ = 0;
};

std::string name_of(const std::string& ns, std::uint64_t version) {
  return fmt::format("manifest v-{} of namespace {}", version, ns);
}

Error no_memory(const std::string& ns, std::uint64_t version) {
  return Error(
      ErrorCode::exhausted,
      name_of(ns, version) + " does not fit into the memory budget; raise [manifest] memory or [cache] l1_memory");
}

}  // namespace

ManifestLoader::ManifestLoader(objectstore::ObjectStore& store, ManifestDiskCache& disk, async::ThreadPool& pool,
                               cache::MemoryBudget& memory, manifest::ReadLimits limits)
    : store_(store), disk_(disk), pool_(pool), memory_(memory), limits_(limits) {}

Result<ManifestLoader::Loaded> ManifestLoader::parse(const std::string& ns, std::uint64_t version,
                                                     const std::string& object) const {
  auto reservation = std::make_unique<Reservation>(memory_);
  manifest::CompactLoader loader(ns, version, limits_);
  std::span<const std::byte> rest = std::as_bytes(std::span(object));
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.size(), feed_piece);
    SEEKFS_TRY(loader.feed(rest.first(length)));
    rest = rest.subspan(length);
    if (!reservation->grow_to(loader.memory_bytes())) return std::unexpected(no_memory(ns, version));
  }
  SEEKFS_ASSIGN(Loaded loaded, loader.finish());
  if (!reservation->grow_to(loaded->memory_bytes())) return std::unexpected(no_memory(ns, version));
  reservation->shrink_to(loaded->memory_bytes());
  const manifest::CompactManifest* raw = loaded.get();
  return Loaded(raw, [held = std::shared_ptr<Reservation>(std::move(reservation)),
                      keep = std::move(loaded)](const manifest::CompactManifest*) {});
}

async::Task<ManifestLoader::Loaded> ManifestLoader::load_local(std::string ns, std::uint64_t version) {
  co_return co_await async::run_on<Loaded>(pool_, [this, ns, version]() -> Result<Loaded> {
    const auto copy = disk_.manifest(ns, version, limits_.max_json_bytes);
    if (!copy) return fail(ErrorCode::not_found, fmt::format("no local copy of manifest v-{} of {}", version, ns));
    return parse(ns, version, *copy);
  });
}

async::Task<ManifestLoader::Fetched> ManifestLoader::fetch(std::string ns, std::uint64_t version,
                                                           env::TimePoint deadline) {
  const objectstore::RequestOptions options{.purpose = objectstore::Purpose::manifest, .deadline = deadline};
  const std::string what = name_of(ns, version);
  auto object = co_await objectstore::get_small(store_, {.key = manifest::manifest_key(ns, version)},
                                                limits_.max_json_bytes, options);
  if (!object) co_return std::unexpected(manifest_error(object.error(), what, ErrorCode::no_such_version));
  Fetched fetched{.object = std::move(object->body), .sha256 = {}};
  auto info = co_await objectstore::get_small(store_, {.key = manifest::info_key(ns, version)}, info_limit, options);
  if (info) {
    SEEKFS_CO_ASSIGN(manifest::VersionInfo decoded, manifest::decode_version_info(info->body));
    fetched.sha256 = std::move(decoded.manifest_sha256);
  } else if (info.error().code != ErrorCode::not_found) {
    co_return std::unexpected(manifest_error(info.error(), what + ", its info", ErrorCode::no_such_version));
  }
  co_return fetched;
}

Result<ManifestLoader::Loaded> ManifestLoader::accept(const std::string& ns, std::uint64_t version,
                                                      const Fetched& fetched) {
  if (fetched.sha256) {
    const std::string found = sha256(fetched.object).hex();
    if (found != *fetched.sha256) {
      return fail(ErrorCode::unsupported_manifest,
                  fmt::format("{}: manifest_sha256: the info says {}, the object has {}; the manifest is damaged",
                              name_of(ns, version), *fetched.sha256, found));
    }
  }
  SEEKFS_ASSIGN(Loaded loaded, parse(ns, version, fetched.object));
  disk_.keep_manifest(ns, version, fetched.object);
  return loaded;
}

async::Task<ManifestLoader::Loaded> ManifestLoader::load(std::string ns, std::uint64_t version,
                                                         env::TimePoint deadline) {
  auto local = co_await load_local(ns, version);
  if (local || local.error().code == ErrorCode::exhausted) co_return local;
  auto fetched = co_await fetch(ns, version, deadline);
  if (!fetched) co_return std::unexpected(std::move(fetched).error());
  co_return co_await async::run_on<Loaded>(
      pool_, [this, ns, version, object = std::move(*fetched)] { return accept(ns, version, object); });
}

Error manifest_error(const Error& from_store, const std::string& what, ErrorCode when_absent) {
  Error error = from_store.with_context(what);
  switch (from_store.code) {
    case ErrorCode::not_found: error.code = when_absent; break;
    case ErrorCode::denied: error.code = ErrorCode::origin_denied; break;
    case ErrorCode::transient: error.code = ErrorCode::origin_unavailable; break;
    case ErrorCode::corrupt:
    case ErrorCode::too_large:
    case ErrorCode::invalid: error.code = ErrorCode::unsupported_manifest; break;
    default: break;
  }
  return error;
}

}  // namespace seekfs::reader
