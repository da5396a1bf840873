// Any bytes as a manifest: reading never crashes, does not depend on how the bytes are cut or on which form they are
// read into, and whatever is read is written and read back the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

#include "manifest/codec.h"
#include "manifest/compact.h"

namespace {

using namespace seekfs;
using namespace seekfs::manifest;

/// Ends the program where libFuzzer sees it.
void require(bool holds) {
  if (!holds) std::abort();
}

constexpr ReadLimits limits{.max_pages = 100'000, .max_files = 10'000, .max_json_bytes = 16U << 20U};

Result<std::shared_ptr<const CompactManifest>> load_compact(std::span<const std::byte> bytes, std::size_t piece) {
  CompactLoader loader("demo", std::nullopt, limits);
  while (!bytes.empty()) {
    const std::size_t count = std::min(piece, bytes.size());
    SEEKFS_TRY(loader.feed(bytes.first(count)));
    bytes = bytes.subspan(count);
  }
  return loader.finish();
}

void check_compact(const CompactManifest& compact, const Manifest& plain) {
  require(compact.file_count() == plain.files.size());
  for (FileIndex i = 0; i < compact.file_count(); ++i) {
    require(compact.entry(i) == plain.files[i]);
    require(compact.find(plain.files[i].path) == i);
    for (std::uint32_t page = 0; page < plain.files[i].pages.size(); ++page) {
      require(compact.page_at(i, plain.files[i].pages[page].off) == page);
    }
  }
}

void check_written(const Manifest& manifest) {
  for (const bool packed : {false, true}) {
    const std::string json = encode_manifest_json(manifest, {packed});
    const auto again = decode_manifest(std::as_bytes(std::span(json)), manifest.version, limits);
    require(again.has_value());
    require(encode_manifest_json(*again, {packed}) == json);
    require(again->files == manifest.files);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto plain = decode_manifest(bytes, std::nullopt, limits);
  const auto whole = load_compact(bytes, size + 1);
  const auto pieces = load_compact(bytes, size == 0 ? 1 : 1 + data[size / 2] % 16);
  require(plain.has_value() == whole.has_value());
  require(plain.has_value() == pieces.has_value());
  if (!plain) {
    require(plain.error().code == ErrorCode::unsupported_manifest || plain.error().code == ErrorCode::corrupt);
    return 0;
  }
  check_compact(**whole, *plain);
  check_compact(**pieces, *plain);
  check_written(*plain);
  return 0;
}
