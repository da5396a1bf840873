// The files ~/.aws/config and ~/.aws/credentials, as text.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::objectstore::s3 {

/// In the one "[profile x]" and "[default]" are profiles, in the other "[x]" is.
enum class ProfileFile : std::uint8_t { config, credentials };

struct ProfileSetting {
  std::string value;
  std::string place;  ///< "FILE:LINE"
};

/// Names of settings are in lower case.
using Profile = std::map<std::string, ProfileSetting, std::less<>>;
using Profiles = std::map<std::string, Profile, std::less<>>;

/// All profiles of a file; sections that are none are left out, later settings win. `path` is for messages. `invalid`
/// with file and line, but without their text, for what is no section, setting, continuation or comment.
Result<Profiles> parse_profiles(std::string_view text, ProfileFile kind, const std::string& path);

}  // namespace seekfs::objectstore::s3
