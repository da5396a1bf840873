// SHA-256 piece by piece on a pool; MD5 through OpenSSL.
#include "objectstore/s3/body_hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/hex.h"
#include "base/sha256.h"
#include "base/units.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t piece_size = 1 * MiB;

Result<std::string> hash_body(BodySource& body, ByteRange range) {
  Sha256 hash;
  std::vector<std::byte> piece(std::min(range.len, piece_size));
  while (range.len > 0) {
    const auto part = std::span(piece).first(std::min<std::uint64_t>(range.len, piece.size()));
    SEEKFS_TRY(body.read_at(range.off, part));
    hash.update(part);
    range.off += part.size();
    range.len -= part.size();
  }
  return hash.finish().hex();
}

std::string md5_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_md5(), nullptr);
  return to_hex(std::as_bytes(std::span(digest).first(length)));
}

}  // namespace

async::Task<std::string> sha256_of_body(async::ThreadPool& pool, BodySource& body, ByteRange range) {
  return async::run_on<std::string>(pool, [&body, range] { return hash_body(body, range); });
}

async::Task<std::string> md5_of_part(async::ThreadPool& pool, std::span<const std::byte> bytes) {
  return async::run_on<std::string>(pool, [bytes] { return Result<std::string>(md5_hex(bytes)); });
}

std::optional<std::string> etag_of_parts(std::span<const std::string> part_etags) {
  constexpr std::size_t digest_size = 16;
  std::vector<std::byte> digests(part_etags.size() * digest_size);
  auto at = std::span(digests);
  for (const std::string& etag : part_etags) {
    const bool quoted = etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"');
    if (!quoted || !from_hex(std::string_view(etag).substr(1, etag.size() - 2), at.first(digest_size))) {
      return std::nullopt;
    }
    at = at.subspan(digest_size);
  }
  return fmt::format("\"{}-{}\"", md5_hex(digests), part_etags.size());
}

}  // namespace seekfs::objectstore::s3
