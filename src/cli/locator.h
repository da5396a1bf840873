// How published files and objects of the store are written on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "app/config/config.h"
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

/// Objects of the configured store: store:prefix for any store, s3:prefix for one that is S3, both below its own
/// prefix; s3://bucket/prefix for that bucket, from its root.
struct StoreName {
  std::string prefix;
  bool must_be_s3 = false;
  std::optional<std::string> bucket = {};  ///< of s3://
};

/// Anything else: a path of this machine.
struct LocalName {
  std::string path;
};

using Name = std::variant<PublishedName, StoreName, LocalName>;

/// "seekfs://…", "store:…", "s3:…" and "s3://…" by their form, all else as local. bad_request or invalid_path for a
/// broken one.
Result<Name> parse_name(std::string_view text);

/// The prefix of keys, below the configured store's own one, that `name` means. bad_request when the configured store
/// is no S3 store, another bucket, or has a prefix of its own beside the name.
Result<std::string> prefix_in_store(const StoreName& name, const app::Config& config);

/// parse_name() for commands that take published files only.
Result<PublishedName> parse_published_name(std::string_view text);

/// The same, but the name must have a path.
Result<PublishedName> parse_published_file(std::string_view text);

/// "3", "v3" or "v-3"; bad_request else.
Result<std::uint64_t> parse_version(std::string_view text);

}  // namespace seekfs::cli
