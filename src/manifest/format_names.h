// Words of the manifest format that reader and writer share.
#pragma once

#include <string_view>

namespace seekfs::manifest {

inline constexpr std::string_view manifest_format = "seekfs-manifest/1";
/// The entry of `requires` that says that `pages` occurs instead of `page_table`.
inline constexpr std::string_view packed_pages_feature = "packed-pages";

}  // namespace seekfs::manifest
