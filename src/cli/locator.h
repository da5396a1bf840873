// How published files and objects of the store are written on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"

namespace seekfs::cli {

/// seekfs://ns[@version]/path. The path is empty or valid; with a trailing slash it was written as a folder.
struct PublishedName {
  std::string ns;
  std::optional<std::uint64_t> version;  ///< nothing: HEAD
  std::string path;                      ///< without a trailing slash
  bool folder = false;                   ///< empty path, or a trailing slash

  std::string to_string() const;
};

/// store:prefix: keys of the configured store, below its own prefix.
struct StoreName {
  std::string prefix;
};

/// Anything else: a path of this machine.
struct LocalName {
  std::string path;
};

using Name = std::variant<PublishedName, StoreName, LocalName>;

/// "seekfs://…" and "store:…" by their form, all else as local. bad_request or invalid_path for a broken one, and for
/// s3://, which needs an S3 store.
Result<Name> parse_name(std::string_view text);

/// parse_name() for commands that take published files only.
Result<PublishedName> parse_published_name(std::string_view text);

/// The same, but the name must have a path.
Result<PublishedName> parse_published_file(std::string_view text);

/// "3", "v3" or "v-3"; bad_request else.
Result<std::uint64_t> parse_version(std::string_view text);

}  // namespace seekfs::cli
