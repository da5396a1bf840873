// The source "IMDSv2": the role of an EC2 instance, by the metadata service with a session token. Version 1 of the
// service, which asks for no token, is not spoken: any page that can be made to fetch a URL could ask it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
#include <fmt/format.h>

#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/credentials_http.h"
#include "objectstore/s3/credentials_source.h"
#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {
namespace {

/// Short: most machines that have no such service answer nothing at all.
constexpr ServiceTries tries{.each = std::chrono::seconds(1), .count = 2};
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view what = "the instance metadata service";

std::string imds_endpoint(const CredentialsOptions& options) {
  std::string endpoint = options.imds_endpoint;
  if (endpoint.empty()) endpoint = variable(options, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (endpoint.empty()) {
    const std::string mode = variable(options, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    endpoint = mode == "IPv6" || mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

/// Text of the service that may stand in a header or a URL: its first line.
std::string first_line(std::string_view body) {
  body = body.substr(0, body.find_first_of("\r\n"));
  return std::string(body);
}

class ImdsSource final : public CredentialsSource {
 public:
  explicit ImdsSource(const CredentialsOptions& options)
      : endpoint_(imds_endpoint(options)), disabled_(variable(options, "AWS_EC2_METADATA_DISABLED")) {}

  std::string name() const override { return "IMDSv2"; }

  Result<SourceReply> fetch(const FetchContext& context) override {
    if (disabled_ == "true" || disabled_ == "TRUE" || disabled_ == "True") {
      return SourceReply::none("AWS_EC2_METADATA_DISABLED");
    }
    auto token = session_token(context);
    if (!token) return absent_or(std::move(token).error());
    SEEKFS_ASSIGN(const HttpReply roles, get(context, std::string(roles_path), *token));
    if (roles.head.status == 404) return SourceReply::none("the instance has no role");
    if (roles.head.status != 200) return std::unexpected<Error>(service_error(what, roles));
    const std::string role = first_line(roles.body);
    if (role.empty()) return SourceReply::none("the instance has no role");
    SEEKFS_ASSIGN(const HttpReply reply, get(context, std::string(roles_path) + encode_query_part(role), *token));
    if (reply.head.status != 200) return std::unexpected<Error>(service_error(what, reply));
    SEEKFS_ASSIGN(CredentialsRef made, parse_credentials_json(reply.body, CredentialsJson::metadata, what));
    seen_ = true;
    return SourceReply{std::move(made), fmt::format("IMDSv2 role {}", encode_query_part(role)), true, {}};
  }

 private:
  Result<std::string> session_token(const FetchContext& context) const {
    HttpRequest request;
    request.method = "PUT";
    request.url = endpoint_ + "/latest/api/token";
    request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}};
    SEEKFS_ASSIGN(const HttpReply reply, ask_service(context, request, tries));
    if (reply.head.status == 403) {
      return fail(ErrorCode::denied, fmt::format("{} is switched off for this instance (status 403)", what));
    }
    if (reply.head.status != 200) return std::unexpected<Error>(service_error(what, reply));
    std::string token = first_line(reply.body);
    // It goes into a header.
    const bool plain = token.find_first_not_of(token_characters) == std::string::npos;
    if (token.empty() || !plain) return fail(ErrorCode::invalid, fmt::format("{} gives no token", what));
    return token;
  }

  Result<HttpReply> get(const FetchContext& context, const std::string& path, const std::string& token) const {
    HttpRequest request;
    request.url = endpoint_ + path;
    request.headers = {{"x-aws-ec2-metadata-token", token}};
    return ask_service(context, request, tries);
  }

  /// A machine that never had the service is not one whose service is away.
  Result<SourceReply> absent_or(Error error) const {
    const bool silent = error.code == ErrorCode::transient || error.code == ErrorCode::timeout;
    if (silent && !seen_) return SourceReply::none("no answer");
    return std::unexpected<Error>(std::move(error));
  }

  static constexpr std::string_view token_characters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/.~";

  const std::string endpoint_;
  const std::string disabled_;
  bool seen_ = false;  ///< it has given credentials once
};

}  // namespace

std::unique_ptr<CredentialsSource> make_imds_source(const CredentialsOptions& options) {
  return std::make_unique<ImdsSource>(options);
}

}  // namespace seekfs::objectstore::s3
