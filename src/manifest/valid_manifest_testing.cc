// The text of the valid manifest.
#include "manifest/valid_manifest_testing.h"

#include <fmt/format.h>

#include <span>
#include <stdexcept>

#include "manifest/compact.h"

namespace seekfs::manifest {
namespace {

constexpr std::string_view valid = R"({"format":"seekfs-manifest/1","requires":["packed-pages"],"version":3,)"
                                   R"("created_at":1763800000,"parents":[2],"tombstones":["old/name.bin"],"files":[)"
                                   R"({"path":"a/one","size":700,"hash":"sha256:HASH","mtime":1763700000,)"
                                   R"("page_table":[{"page_id":0,"off":0,"len":512,"crc32c":1},)"
                                   R"({"page_id":1,"off":512,"len":188,"crc32c":2}],)"
                                   R"("storage":{"key":"k1","etag":"\"e\"","version_id":null,"sse":null,"off":0}},)"
                                   R"({"path":"b","size":9,"hash":"sha256:HASH",)"
                                   R"("pages":{"size":4,"crc32c":"AQAAAAIAAAADAAAA"},"storage":{"key":"k2"}}]})";

template <class Reader>
Status load(Reader& reader, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    SEEKFS_TRY(reader.feed(std::as_bytes(std::span(bytes.substr(at, piece)))));
  }
  if (auto result = reader.finish(); !result) return std::unexpected(result.error());
  return {};
}

}  // namespace

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::invalid_argument(fmt::format("the valid manifest has no {}", from));
  return text.replace(at, from.size(), to);
}

std::string valid_json() { return replaced(replaced(std::string(valid), "HASH", valid_hash), "HASH", valid_hash); }

Status load_compact(std::string_view bytes, std::size_t piece, ReadLimits limits) {
  CompactLoader loader("demo", 3, limits);
  return load(loader, bytes, piece);
}

}  // namespace seekfs::manifest
