// Puts files into the compact form one by one, and loads manifests through it.
#include "manifest/compact_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hex.h"
#include "manifest/compact_state.h"
#include "manifest/extras.h"
#include "manifest/irregular_table.h"
#include "manifest/layout.h"
#include "manifest/page_tables.h"
#include "manifest/path_order.h"

namespace seekfs::manifest {
namespace {

constexpr std::uint64_t max_files = 0xFFFF'FFFF;  // a FileIndex, with room for "none" behind the last

/// The hash as it lies in a record; false when it is another algorithm's.
bool raw_hash(const ContentHash& hash, Sha256Digest& digest) {
  return hash.algorithm == "sha256" && from_hex(hash.hex, digest.bytes);
}

KeyForm key_form(std::string_view ns, const FileEntry& file, const Sha256Digest* hash) {
  if (hash != nullptr && file.storage.key == object_key(ns, *hash)) return KeyForm::by_hash;
  if (file.storage.key == file_key(ns, file.path)) return KeyForm::by_path;
  if (hash != nullptr && file.storage.key == file_key(ns, file.path, *hash)) return KeyForm::by_path_and_hash;
  return KeyForm::stored;
}

EtagForm etag_form(const FileEntry& file) {
  const auto& etag = file.storage.etag;
  if (!etag) return EtagForm::none;
  const bool is_hash = etag->size() == file.hash.hex.size() + 2 && etag->starts_with('"') && etag->ends_with('"') &&
                       std::string_view(*etag).substr(1, file.hash.hex.size()) == file.hash.hex;
  return is_hash ? EtagForm::quoted_hash : EtagForm::stored;
}

}  // namespace

CompactBuilder::CompactBuilder(std::string ns) : state_(std::make_unique<CompactManifest::State>()) {
  state_->ns = std::move(ns);
}

CompactBuilder::~CompactBuilder() = default;

std::size_t CompactBuilder::memory_bytes() const noexcept { return state_ == nullptr ? 0 : state_->memory_bytes(); }

Status CompactBuilder::on_file(FileEntry&& file) {
  if (state_->files.size() == max_files) {
    return fail(ErrorCode::unsupported_manifest, fmt::format("more than {} files do not fit in memory", max_files));
  }
  add(file);
  return {};
}

void CompactBuilder::add(const FileEntry& file) {
  CompactManifest::State& state = *state_;
  FileRecord record;
  record.path_at = state.paths.size();
  record.path_length = static_cast<std::uint16_t>(file.path.size());
  state.paths.append(file.path);
  record.size = file.size;
  record.mtime = file.mtime.value_or(no_mtime);

  Extras extras;
  Sha256Digest digest;
  const std::string hash_text = raw_hash(file.hash, digest) ? std::string() : file.hash.to_string();
  if (hash_text.empty()) {
    record.hash = digest.bytes;
  } else {
    extras.hash = hash_text;
  }
  record.key = key_form(state.ns, file, hash_text.empty() ? &digest : nullptr);
  if (record.key == KeyForm::stored) extras.key = file.storage.key;
  record.etag = etag_form(file);
  if (record.etag == EtagForm::stored) extras.etag = file.storage.etag;
  extras.version_id = file.storage.version_id;
  extras.sse = file.storage.sse;
  extras.off = file.storage.off;
  record.extras_at = extras.empty() ? no_extras : state.extras.size();
  if (!extras.empty()) append_extras(state.extras, extras);

  record.words_at = state.words.size();
  if (const auto uniform = uniform_page_size(file.pages)) {
    record.page_size = *uniform;
    for (const Page& page : file.pages) state.words.push_back(page.crc32c);
  } else if (!file.pages.empty()) {
    IrregularTable::append(state.words, file.pages);
  }
  state.files.push_back(record);
  state.total_bytes += file.size;
  state.page_count += file.pages.size();
}

Result<std::shared_ptr<const CompactManifest>> CompactBuilder::finish(ManifestHeader header) {
  CompactManifest::State& state = *state_;
  state.header = std::move(header);
  const auto by_path = [&state](const FileRecord& file) { return state.path(file); };
  if (!std::ranges::is_sorted(state.files.items(), {}, by_path)) std::ranges::sort(state.files.items(), {}, by_path);
  PathOrderCheck paths;
  for (const FileRecord& file : state.files.items()) {
    if (Status status = paths.next(state.path(file)); !status) {
      return std::unexpected(status.error().with_context(fmt::format("manifest v-{}", state.header.version)));
    }
  }
  state.files.shrink_to_fit();
  state.paths.shrink_to_fit();
  state.words.shrink_to_fit();
  state.extras.shrink_to_fit();
  return std::shared_ptr<const CompactManifest>(new CompactManifest(std::move(state_)));
}

struct CompactLoader::State {
  State(std::string ns, std::optional<std::uint64_t> expected_version, ReadLimits limits)
      : builder(std::move(ns)), reader(builder, expected_version, limits) {}
  CompactBuilder builder;
  ManifestReader reader;
};

CompactLoader::CompactLoader(std::string ns, std::optional<std::uint64_t> expected_version, ReadLimits limits)
    : state_(std::make_unique<State>(std::move(ns), expected_version, limits)) {}

CompactLoader::~CompactLoader() = default;

Status CompactLoader::feed(std::span<const std::byte> piece) { return state_->reader.feed(piece); }

std::size_t CompactLoader::memory_bytes() const noexcept {
  return state_->builder.memory_bytes() + state_->reader.memory_bytes();
}

Result<std::shared_ptr<const CompactManifest>> CompactLoader::finish() {
  SEEKFS_ASSIGN(ManifestHeader header, state_->reader.finish());
  return state_->builder.finish(std::move(header));
}

Result<std::shared_ptr<const CompactManifest>> make_compact(std::string ns, const Manifest& manifest) {
  CompactBuilder builder(std::move(ns));
  for (const FileEntry& file : manifest.files) builder.add(file);
  return builder.finish({manifest.version, manifest.created_at, manifest.parents, manifest.tombstones});
}

}  // namespace seekfs::manifest
