// The source "web identity": a token in a file, e.g. Kubernetes' own, exchanged for a role's credentials.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/units.h"
#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/credentials_http.h"
#include "objectstore/s3/credentials_source.h"
#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t token_limit = 64 * KiB;
constexpr ServiceTries tries{.each = std::chrono::seconds(5), .count = 3};

/// AWS's own endpoint of the security token service.
std::string sts_endpoint(const CredentialsOptions& options) {
  if (!options.sts_endpoint.empty()) return options.sts_endpoint;
  if (std::string given = variable(options, "AWS_ENDPOINT_URL_STS"); !given.empty()) return given;
  const std::string_view domain = options.region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://sts.{}.{}", options.region, domain);
}

bool is_passing(const HttpReply& reply, std::string_view code) {
  return reply.head.status == 429 || reply.head.status >= 500 || code == "Throttling" ||
         code == "ThrottlingException" || code == "RequestLimitExceeded" || code == "IDPCommunicationError";
}

Error refusal(const HttpReply& reply) {
  pugi::xml_document document;
  document.load_buffer(reply.body.data(), reply.body.size());
  const std::string code = document.document_element().child("Error").child("Code").text().get();
  return {is_passing(reply, code) ? ErrorCode::transient : ErrorCode::denied,
          fmt::format("AssumeRoleWithWebIdentity answers {} (status {})", safe_error_code(code), reply.head.status)};
}

Result<CredentialsRef> parse_assumed_role(std::string_view body) {
  constexpr std::string_view what = "the answer of AssumeRoleWithWebIdentity";
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) {
    return fail(ErrorCode::invalid, fmt::format("{} is no XML", what));
  }
  const pugi::xml_node node = document.document_element().child("AssumeRoleWithWebIdentityResult").child("Credentials");
  Credentials credentials{.access_key_id = node.child("AccessKeyId").text().get(),
                          .secret_access_key = node.child("SecretAccessKey").text().get(),
                          .session_token = node.child("SessionToken").text().get(),
                          .expiration = parse_expiration(node.child("Expiration").text().get())};
  if (!credentials.expiration) return fail(ErrorCode::invalid, fmt::format("{} has no <Expiration>", what));
  return check_credentials(std::move(credentials), what);
}

class WebIdentitySource final : public CredentialsSource {
 public:
  explicit WebIdentitySource(const CredentialsOptions& options)
      : endpoint_(sts_endpoint(options)),
        token_file_(variable(options, "AWS_WEB_IDENTITY_TOKEN_FILE")),
        role_(variable(options, "AWS_ROLE_ARN")),
        session_(variable(options, "AWS_ROLE_SESSION_NAME")) {}

  std::string name() const override { return "web identity"; }

  Result<SourceReply> fetch(const FetchContext& context) override {
    if (token_file_.empty()) return SourceReply::none("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    if (role_.empty()) {
      return fail(ErrorCode::invalid, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    }
    SEEKFS_ASSIGN(const std::string token, read_token(context.parts.files));
    StringSource body(form(token, context.parts.timers.clock()));
    HttpRequest request;
    request.method = "POST";
    request.url = endpoint_.ends_with('/') ? endpoint_ : endpoint_ + "/";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/xml"}};
    request.body = &body;
    request.body_range = {0, body.size()};
    SEEKFS_ASSIGN(const HttpReply reply, ask_service(context, request, tries));
    if (reply.head.status != 200) return std::unexpected<Error>(refusal(reply));
    SEEKFS_ASSIGN(CredentialsRef made, parse_assumed_role(reply.body));
    return SourceReply{std::move(made), fmt::format("web identity as {}", role_), true, {}};
  }

 private:
  /// Read each time: whoever issues it replaces it well before it expires.
  Result<std::string> read_token(env::FileSystem& files) const {
    auto text = env::read_file(files, token_file_, token_limit);
    if (!text) return fail(ErrorCode::invalid, "AWS_WEB_IDENTITY_TOKEN_FILE: " + text.error().message);
    const std::size_t end = text->find_last_not_of(" \t\r\n");
    if (end == std::string::npos) {
      return fail(ErrorCode::invalid, fmt::format("AWS_WEB_IDENTITY_TOKEN_FILE: {} is empty", token_file_));
    }
    text->resize(end + 1);
    return std::move(*text);
  }

  std::string form(const std::string& token, const env::Clock& clock) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(clock.wall_now().time_since_epoch()).count();
    const std::string session = session_.empty() ? fmt::format("seekfs-{}", seconds) : session_;
    return canonical_query({{"Action", "AssumeRoleWithWebIdentity"},
                            {"Version", "2011-06-15"},
                            {"RoleArn", role_},
                            {"RoleSessionName", session},
                            {"WebIdentityToken", token}});
  }

  const std::string endpoint_;
  const std::string token_file_;
  const std::string role_;
  const std::string session_;
};

}  // namespace

std::unique_ptr<CredentialsSource> make_web_identity_source(const CredentialsOptions& options) {
  return std::make_unique<WebIdentitySource>(options);
}

}  // namespace seekfs::objectstore::s3
