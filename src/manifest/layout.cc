// Building and reading of SeekFS's own keys.
#include "manifest/layout.h"

#include <fmt/format.h>

#include <charconv>

#include "manifest/in_quotes.h"

namespace seekfs::manifest {
namespace {

/// A version as SeekFS writes it: decimal, 1 and up, no leading zero.
std::optional<std::uint64_t> parse_version(std::string_view digits) {
  if (digits.empty() || digits.front() == '0') return std::nullopt;
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return version;
}

std::optional<std::uint64_t> version_before(std::string_view key, std::string_view suffix) {
  if (const std::size_t slash = key.rfind('/'); slash != std::string_view::npos) {
    if (!key.substr(0, slash).ends_with("/manifests")) return std::nullopt;
    key.remove_prefix(slash + 1);
  }
  if (!key.starts_with("v-") || !key.ends_with(suffix)) return std::nullopt;
  key.remove_prefix(2);
  key.remove_suffix(suffix.size());
  return parse_version(key);
}

std::string under(std::string_view ns, std::string_view rest) {
  return fmt::format("{}{}/{}", namespaces_prefix, ns, rest);
}

}  // namespace

std::string head_key(std::string_view ns) { return under(ns, "HEAD"); }

std::string manifests_prefix(std::string_view ns) { return under(ns, "manifests/"); }

std::string manifest_key(std::string_view ns, std::uint64_t version) {
  return under(ns, fmt::format("manifests/v-{}.json.gz", version));
}

std::string info_key(std::string_view ns, std::uint64_t version) {
  return under(ns, fmt::format("manifests/v-{}.info.json", version));
}

std::string object_key(std::string_view ns, const Sha256Digest& hash) {
  const std::string hex = hash.hex();
  return under(ns, fmt::format("objects/{}/{}", std::string_view(hex).substr(0, 2), hex));
}

std::string objects_prefix(std::string_view ns) { return under(ns, "objects/"); }

std::string file_key(std::string_view ns, std::string_view path, const std::optional<Sha256Digest>& hash) {
  if (!hash) return under(ns, fmt::format("files/{}", path));
  return under(ns, fmt::format("files/{}/v-{}", path, hash->hex()));
}

std::string files_prefix(std::string_view ns) { return under(ns, "files/"); }

std::string condition_test_key(std::string_view ns) { return under(ns, ".seekfs/condtest"); }

std::optional<std::uint64_t> version_of_manifest_key(std::string_view key) { return version_before(key, ".json.gz"); }

std::optional<std::uint64_t> version_of_info_key(std::string_view key) { return version_before(key, ".info.json"); }

Result<std::uint64_t> parse_head(std::string_view body) {
  std::string_view digits = body;
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  if (digits.starts_with("v-")) {
    digits.remove_prefix(2);
  } else if (digits.starts_with('v')) {
    digits.remove_prefix(1);
  }
  if (const auto version = parse_version(digits)) return *version;
  return fail(ErrorCode::corrupt, fmt::format("HEAD: expected 'v-N' with N from 1, found {}", in_quotes(body)));
}

std::string format_head(std::uint64_t version) { return fmt::format("v-{}\n", version); }

}  // namespace seekfs::manifest
