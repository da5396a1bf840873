// Credentials that are simply given: by the configuration, or by the environment.
#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/credentials_source.h"

namespace seekfs::objectstore::s3 {
namespace {

/// They never change while the program runs.
class GivenSource final : public CredentialsSource {
 public:
  GivenSource(std::string name, Credentials given) : name_(std::move(name)), given_(std::move(given)) {}

  Result<SourceReply> fetch(const FetchContext&) override {
    // A token alone is what is left over from elsewhere; half a pair is a mistake.
    if (given_.access_key_id.empty() && given_.secret_access_key.empty()) return SourceReply::none("not set");
    SEEKFS_ASSIGN(CredentialsRef checked, check_credentials(given_, name_));
    return SourceReply{std::move(checked), name_, false, {}};
  }
  std::string name() const override { return name_; }

 private:
  const std::string name_;
  const Credentials given_;
};

}  // namespace

std::unique_ptr<CredentialsSource> make_static_source(const CredentialsOptions& options) {
  return std::make_unique<GivenSource>("configuration", Credentials{.access_key_id = options.access_key_id,
                                                                    .secret_access_key = options.secret_access_key,
                                                                    .session_token = options.session_token,
                                                                    .expiration = std::nullopt});
}

std::unique_ptr<CredentialsSource> make_environment_source(const CredentialsOptions& options) {
  return std::make_unique<GivenSource>("environment",
                                       Credentials{.access_key_id = variable(options, "AWS_ACCESS_KEY_ID"),
                                                   .secret_access_key = variable(options, "AWS_SECRET_ACCESS_KEY"),
                                                   .session_token = variable(options, "AWS_SESSION_TOKEN"),
                                                   .expiration = std::nullopt});
}

}  // namespace seekfs::objectstore::s3
