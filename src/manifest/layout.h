// Where things lie in the store: the only place that builds or reads SeekFS's own keys. Keys here are without the
// [store] prefix, which a wrapper around the store adds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/sha256.h"

namespace seekfs::manifest {

std::string head_key(std::string_view ns);                              ///< namespaces/{ns}/HEAD
std::string manifest_key(std::string_view ns, std::uint64_t version);   ///< namespaces/{ns}/manifests/v-{n}.json.gz
std::string info_key(std::string_view ns, std::uint64_t version);       ///< namespaces/{ns}/manifests/v-{n}.info.json
std::string manifests_prefix(std::string_view ns);                      ///< namespaces/{ns}/manifests/
std::string object_key(std::string_view ns, const Sha256Digest& hash);  ///< namespaces/{ns}/objects/{hex[0:2]}/{hex}
std::string objects_prefix(std::string_view ns);
/// namespaces/{ns}/files/{path} without a hash (adopted data), …/files/{path}/v-{hex} with one (the older form).
std::string file_key(std::string_view ns, std::string_view path, const std::optional<Sha256Digest>& hash = {});
std::string files_prefix(std::string_view ns);
std::string condition_test_key(std::string_view ns);  ///< namespaces/{ns}/.seekfs/condtest
inline constexpr std::string_view namespaces_prefix = "namespaces/";

/// N of ".../manifests/v-N.json.gz" or "v-N.info.json" (the last segment alone, or a whole key); nothing for other
/// keys.
std::optional<std::uint64_t> version_of_manifest_key(std::string_view key);
std::optional<std::uint64_t> version_of_info_key(std::string_view key);

/// "v-12\n", and as a reader also "v12" and "12", with or without the newline; versions are 1 and up. `corrupt` else.
Result<std::uint64_t> parse_head(std::string_view body);
std::string format_head(std::uint64_t version);  ///< "v-12\n"

}  // namespace seekfs::manifest
