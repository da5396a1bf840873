// A configuration file as a list of settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/value.h"
#include "base/error.h"

namespace seekfs::app {

/// One value that a source gives.
struct Assignment {
  std::string key;  ///< "cache.l2.backend", as written; may be unknown
  RawValue raw;
  std::string origin;  ///< "/etc/seekfs/seekfs.toml:12", "SEEKFS_S3__BUCKET", "--s3.bucket"
};

/// All values of a TOML text, sections joined by dots, in the order of their keys. `name` stands before line numbers.
/// `invalid` with name:line:column for text that is no TOML, for values of a kind that no key takes (dates, lists of
/// anything but texts) and for unknown sections.
Result<std::vector<Assignment>> parse_toml(std::string_view text, const std::string& name);

}  // namespace seekfs::app
