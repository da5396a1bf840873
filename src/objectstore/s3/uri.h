// Percent-encoding as S3 signs and expects it: RFC 3986 with nothing but the unreserved characters left alone.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seekfs::objectstore::s3 {

/// "a b/c" is "a%20b/c": slashes stay, all else but A-Z a-z 0-9 - . _ ~ is encoded. Keys are not normalised: "a//b" and
/// "a/../b" stay what they are.
std::string encode_key(std::string_view key);
/// The same, and slashes are encoded too: for names and values of a query.
std::string encode_query_part(std::string_view text);
/// "a=1&b=x%20y", sorted by name and value as SigV4 sorts them; a name without a value gets its "=".
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace seekfs::objectstore::s3
