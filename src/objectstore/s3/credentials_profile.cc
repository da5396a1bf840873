// The source "profile files": static keys or credential_process of one profile.
#include <fmt/format.h>

#include "base/units.h"
#include "objectstore/s3/credential_process.h"
#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/credentials_source.h"
#include "objectstore/s3/profile_file.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t file_limit = 4 * MiB;

/// What a profile may hold and this program does not do, and what to use instead.
struct Refused {
  std::string_view setting;
  std::string_view instead;
};
constexpr std::string_view through_process =
    "set credential_process to a command that prints such credentials, e.g. `aws configure export-credentials --format "
    "process --profile NAME`, in another profile";
constexpr Refused refused_settings[] = {
    {"web_identity_token_file", "set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN in the environment"},
    {"role_arn", through_process},
    {"source_profile", through_process},
    {"credential_source", through_process},
    {"sso_session", through_process},
    {"sso_start_url", through_process},
    {"sso_account_id", through_process},
};

std::string path_of(const CredentialsOptions& options, std::string_view name, std::string_view usual) {
  std::string path = variable(options, name);
  if (path.empty()) return options.home.empty() ? std::string() : options.home + std::string(usual);
  if (path.starts_with("~/")) path.replace(0, 1, options.home);
  return path;
}

class ProfileSource final : public CredentialsSource {
 public:
  explicit ProfileSource(const CredentialsOptions& options)
      : environment_(options.environment),
        config_path_(path_of(options, "AWS_CONFIG_FILE", "/.aws/config")),
        credentials_path_(path_of(options, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")),
        only_(!options.profile.empty()) {
    const std::string from_environment = variable(options, "AWS_PROFILE");
    named_ = only_ || !from_environment.empty();
    profile_ = only_ ? options.profile : named_ ? from_environment : "default";
  }

  std::string name() const override { return fmt::format("profile '{}'", profile_); }

  Result<SourceReply> fetch(const FetchContext& context) override {
    SEEKFS_ASSIGN(const Profile profile, load(context.parts.files));
    for (const Refused& refused : refused_settings) {
      const auto at = profile.find(refused.setting);
      if (at == profile.end()) continue;
      return fail(ErrorCode::invalid,
                  fmt::format("{} of {} is not supported: {}", refused.setting, describe(at->second), refused.instead));
    }
    if (profile.contains("aws_access_key_id") || profile.contains("aws_secret_access_key")) return static_keys(profile);
    if (const auto process = profile.find("credential_process"); process != profile.end()) {
      const std::string what = "credential_process of " + describe(process->second);
      SEEKFS_ASSIGN(CredentialsRef made, run_credential_process(context, process->second.value, environment_, what));
      return SourceReply{std::move(made), what, true, {}};
    }
    if (only_) return fail(ErrorCode::invalid, fmt::format("profile '{}' has no credentials in {}", profile_, files()));
    return SourceReply::none("no credentials in it");
  }

 private:
  std::string files() const { return fmt::format("{} or {}", config_path_, credentials_path_); }
  std::string describe(const ProfileSetting& setting) const {
    return fmt::format("profile '{}' ({})", profile_, setting.place);
  }

  /// The profile in both files together; what the credentials file says wins.
  Result<Profile> load(env::FileSystem& file_system) const {
    SEEKFS_ASSIGN(Profiles from_config, read(file_system, config_path_, ProfileFile::config));
    SEEKFS_ASSIGN(Profiles from_credentials, read(file_system, credentials_path_, ProfileFile::credentials));
    if (named_ && !from_config.contains(profile_) && !from_credentials.contains(profile_)) {
      return fail(ErrorCode::invalid, fmt::format("there is no profile '{}' in {}", profile_, files()));
    }
    Profile merged = std::move(from_credentials[profile_]);
    merged.merge(from_config[profile_]);
    return merged;
  }

  static Result<Profiles> read(env::FileSystem& file_system, const std::string& path, ProfileFile kind) {
    if (path.empty()) return Profiles();
    const Result<std::string> text = env::read_file(file_system, path, file_limit);
    if (text) return parse_profiles(*text, kind, path);
    if (text.error().code == ErrorCode::not_found) return Profiles();
    return fail(ErrorCode::invalid, text.error().message);
  }

  Result<SourceReply> static_keys(const Profile& profile) const {
    const auto value = [&](std::string_view name) {
      const auto at = profile.find(name);
      return at == profile.end() ? std::string() : at->second.value;
    };
    const auto key = profile.find("aws_access_key_id");
    const std::string what =
        describe(key != profile.end() ? key->second : profile.find("aws_secret_access_key")->second);
    SEEKFS_ASSIGN(CredentialsRef checked, check_credentials({.access_key_id = value("aws_access_key_id"),
                                                             .secret_access_key = value("aws_secret_access_key"),
                                                             .session_token = value("aws_session_token"),
                                                             .expiration = std::nullopt},
                                                            what));
    return SourceReply{std::move(checked), what, true, {}};
  }

  const std::vector<std::pair<std::string, std::string>> environment_;
  const std::string config_path_;
  const std::string credentials_path_;
  const bool only_;     ///< the configuration names the profile: there is no other source
  bool named_ = false;  ///< somebody wants this profile, so it must be there
  std::string profile_;
};

}  // namespace

std::unique_ptr<CredentialsSource> make_profile_source(const CredentialsOptions& options) {
  return std::make_unique<ProfileSource>(options);
}

}  // namespace seekfs::objectstore::s3
