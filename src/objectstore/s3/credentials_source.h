// One place where credentials may come from, asked anew each time. Blocking: sources run on a pool's thread, a few
// times an hour, so that reading files and running programs needs no coroutine.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "objectstore/s3/credentials.h"

namespace seekfs::objectstore::s3 {

struct SourceReply {
  CredentialsRef credentials;  ///< null: this source is not set up here
  std::string source;          ///< for people; where they came from
  bool renewable = true;       ///< asked again, it may give others
  std::string absent;          ///< when null: why, in a few words

  static SourceReply none(std::string why) { return {nullptr, {}, true, std::move(why)}; }
};

/// What one round of asking works with.
struct FetchContext {
  const CredentialsParts& parts;
  env::TimePoint deadline;
  std::stop_token stop;  ///< nobody wants the answer any more
};

class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  /// Errors as those of CredentialsProvider::get(); never a part of a secret in them. One call at a time.
  virtual Result<SourceReply> fetch(const FetchContext& context) = 0;
  /// For people, before anything was fetched: "environment", "IMDSv2".
  virtual std::string name() const = 0;
};

/// The variable's value; empty when it is not set.
std::string variable(const CredentialsOptions& options, std::string_view name);

/// The sources of SPEC section 6 that `options` leave in play, in their order.
std::vector<std::unique_ptr<CredentialsSource>> make_credentials_sources(const CredentialsOptions& options);

// credentials_static.cc
std::unique_ptr<CredentialsSource> make_static_source(const CredentialsOptions& options);
std::unique_ptr<CredentialsSource> make_environment_source(const CredentialsOptions& options);
// credentials_profile.cc
std::unique_ptr<CredentialsSource> make_profile_source(const CredentialsOptions& options);
// web_identity.cc
std::unique_ptr<CredentialsSource> make_web_identity_source(const CredentialsOptions& options);
// container_credentials.cc
std::unique_ptr<CredentialsSource> make_container_source(const CredentialsOptions& options);
// imds.cc
std::unique_ptr<CredentialsSource> make_imds_source(const CredentialsOptions& options);

}  // namespace seekfs::objectstore::s3
