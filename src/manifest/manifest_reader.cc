// Reading of a manifest: gzip or plain, JSON, rules.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "manifest/codec.h"
#include "manifest/gzip.h"
#include "manifest/json_reader.h"
#include "manifest/manifest_node.h"
#include "manifest/path_order.h"

namespace seekfs::manifest {
namespace {

constexpr std::byte gzip_first_byte{0x1F};  // no JSON text begins so
constexpr std::size_t fixed_bytes = std::size_t{512} << 10U;

}  // namespace

struct ManifestReader::State {
  State(ManifestSink& sink, std::optional<std::uint64_t> expected, ReadLimits read_limits)
      : context{.limits = read_limits},
        node(context, sink, expected),
        json(node),
        gzip(read_limits.max_gzip_ratio, [this](std::span<const std::byte> text) { return feed_json(text); }),
        expected_version(expected) {}

  Status feed_json(std::span<const std::byte> text) {
    json_bytes += text.size();
    if (json_bytes > context.limits.max_json_bytes) {
      return fail(
          ErrorCode::unsupported_manifest,
          fmt::format("has more than {} bytes of JSON ([manifest] max_json_bytes)", context.limits.max_json_bytes));
    }
    return json.feed({reinterpret_cast<const char*>(text.data()), text.size()});
  }

  Status feed(std::span<const std::byte> piece) {
    if (piece.empty()) return {};
    if (!begun) is_gzip = piece.front() == gzip_first_byte;
    begun = true;
    return is_gzip ? gzip.feed(piece) : feed_json(piece);
  }

  Status finish() {
    if (!begun) return fail(ErrorCode::unsupported_manifest, "is empty");
    if (is_gzip) SEEKFS_TRY(gzip.finish());
    return json.finish();
  }

  /// Passes a Status on with the manifest's name; its Error is what every later call gives.
  Status named(Status status) {
    if (status) return status;
    const std::uint64_t version = expected_version.value_or(node.header().version);
    failed = status.error().with_context(version == 0 ? "manifest" : fmt::format("manifest v-{}", version));
    return std::unexpected(*failed);
  }

  ReadContext context;
  ManifestNode node;
  JsonReader json;
  GzipReader gzip;
  std::optional<std::uint64_t> expected_version;
  std::uint64_t json_bytes = 0;
  bool begun = false;
  bool is_gzip = false;
  std::optional<Error> failed;
};

ManifestReader::ManifestReader(ManifestSink& sink, std::optional<std::uint64_t> expected_version, ReadLimits limits)
    : state_(std::make_unique<State>(sink, expected_version, limits)) {}

ManifestReader::~ManifestReader() = default;

Status ManifestReader::feed(std::span<const std::byte> piece) {
  if (state_->failed) return std::unexpected(*state_->failed);
  return state_->named(state_->feed(piece));
}

Result<ManifestHeader> ManifestReader::finish() {
  if (state_->failed) return std::unexpected(*state_->failed);
  SEEKFS_TRY(state_->named(state_->finish()));
  return std::move(state_->node.header());
}

std::size_t ManifestReader::memory_bytes() const noexcept { return fixed_bytes + state_->node.memory_bytes(); }

namespace {

class CollectingSink final : public ManifestSink {
 public:
  explicit CollectingSink(std::vector<FileEntry>& files) : files_(files) {}
  Status on_file(FileEntry&& file) override {
    files_.push_back(std::move(file));
    return {};
  }

 private:
  std::vector<FileEntry>& files_;
};

}  // namespace

Result<Manifest> decode_manifest(std::span<const std::byte> bytes, std::optional<std::uint64_t> expected_version,
                                 const ReadLimits& limits) {
  Manifest manifest;
  CollectingSink sink(manifest.files);
  ManifestReader reader(sink, expected_version, limits);
  SEEKFS_TRY(reader.feed(bytes));
  SEEKFS_ASSIGN(ManifestHeader header, reader.finish());
  manifest.version = header.version;
  manifest.created_at = header.created_at;
  manifest.parents = std::move(header.parents);
  manifest.tombstones = std::move(header.tombstones);
  std::ranges::sort(manifest.files, {}, &FileEntry::path);
  PathOrderCheck paths;
  for (const FileEntry& file : manifest.files) {
    if (Status status = paths.next(file.path); !status) {
      return std::unexpected(status.error().with_context(fmt::format("manifest v-{}", manifest.version)));
    }
  }
  return manifest;
}

}  // namespace seekfs::manifest
