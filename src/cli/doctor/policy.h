// The least IAM policy that SeekFS needs on a bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seekfs::cli {

enum class PolicyRole : std::uint8_t {
  reader,     ///< the daemon, and the commands that only read
  publisher,  ///< also publish, gc and doctor --write
};
/// "reader" or "publisher".
std::optional<PolicyRole> parse_policy_role(std::string_view text) noexcept;

/// As JSON in several lines. `prefix` is [store] prefix; `region` decides the partition of the names. A reader may read
/// everything below the prefix; a publisher writes and removes only below namespaces/ and .seekfs-doctor/, where all of
/// SeekFS's own keys are, so adopted data is safe from it.
std::string iam_policy(PolicyRole role, std::string_view bucket, std::string_view prefix, std::string_view region);

}  // namespace seekfs::cli
