// The source "container": the credentials endpoint of ECS tasks and EKS pods.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.h"
#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/credentials_http.h"
#include "objectstore/s3/credentials_source.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t token_limit = 64 * KiB;
constexpr ServiceTries tries{.each = std::chrono::seconds(2), .count = 3};

/// A part of a URL as the HTTP client itself understands it, so that what is checked is what is asked.
class ParsedUrl {
 public:
  explicit ParsedUrl(const std::string& url) : handle_(curl_url(), &curl_url_cleanup) {
    valid_ = handle_ != nullptr && curl_url_set(handle_.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  }
  bool valid() const { return valid_; }
  std::string part(CURLUPart which) const {
    char* text = nullptr;
    if (!valid_ || curl_url_get(handle_.get(), which, &text, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return text;
  }

 private:
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle_;
  bool valid_ = false;
};

/// The hosts to which a token may go without TLS: this machine, and the agents of ECS and EKS.
bool is_trusted_host(std::string host) {
  std::ranges::transform(host, host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::array<std::string_view, 5> trusted{"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                                    "[fd00:ec2::23]"};
  if (std::ranges::find(trusted, host) != trusted.end()) return true;
  // Only numbers: "127.example.org" is somebody's name.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

Status check_url(const std::string& url) {
  constexpr std::string_view name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const ParsedUrl parsed(url);
  const std::string scheme = parsed.part(CURLUPART_SCHEME);
  const std::string host = parsed.part(CURLUPART_HOST);
  if ((scheme != "http" && scheme != "https") || host.empty() || !parsed.part(CURLUPART_USER).empty()) {
    return fail(ErrorCode::invalid, fmt::format("{} is not an http or https URL of a host", name));
  }
  if (scheme == "https" || is_trusted_host(host)) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{} names the host {} by http: use https, or an address of this machine or of the ECS or EKS "
                          "agent (169.254.170.2, 169.254.170.23, fd00:ec2::23)",
                          name, host));
}

class ContainerSource final : public CredentialsSource {
 public:
  explicit ContainerSource(const CredentialsOptions& options)
      : relative_(variable(options, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")),
        full_(variable(options, "AWS_CONTAINER_CREDENTIALS_FULL_URI")),
        token_(variable(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN")),
        token_file_(variable(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {}

  std::string name() const override { return "container"; }

  Result<SourceReply> fetch(const FetchContext& context) override {
    if (relative_.empty() && full_.empty()) return SourceReply::none("AWS_CONTAINER_CREDENTIALS_* is not set");
    HttpRequest request;
    SEEKFS_ASSIGN(request.url, url());
    request.headers = {{"Accept", "application/json"}};
    SEEKFS_ASSIGN(const std::string token, token_text(context.parts.files));
    if (!token.empty()) request.headers.push_back({"Authorization", token});
    SEEKFS_ASSIGN(const HttpReply reply, ask_service(context, request, tries));
    constexpr std::string_view what = "the container's credentials service";
    if (reply.head.status != 200) return std::unexpected<Error>(service_error(what, reply));
    SEEKFS_ASSIGN(CredentialsRef made, parse_credentials_json(reply.body, CredentialsJson::metadata, what));
    return SourceReply{std::move(made), "container", true, {}};
  }

 private:
  Result<std::string> url() const {
    if (relative_.empty()) {
      SEEKFS_TRY(check_url(full_));
      return full_;
    }
    // Without the slash it would go on with the host's name.
    if (!relative_.starts_with('/')) {
      return fail(ErrorCode::invalid, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not start with a slash");
    }
    return "http://169.254.170.2" + relative_;
  }

  Result<std::string> token_text(env::FileSystem& files) const {
    std::string token = token_;
    std::string_view name = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    if (!token_file_.empty()) {
      name = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
      // Read each time: the agent replaces it before it expires.
      auto text = env::read_file(files, token_file_, token_limit);
      if (!text) return fail(ErrorCode::invalid, fmt::format("{}: {}", name, text.error().message));
      token = std::move(*text);
      token.resize(token.find_last_not_of("\r\n") + 1);
    }
    if (std::ranges::any_of(token, [](char c) { return c < ' ' || c == '\x7f'; })) {
      return fail(ErrorCode::invalid, fmt::format("{} holds a control character", name));
    }
    return token;
  }

  const std::string relative_;
  const std::string full_;
  const std::string token_;
  const std::string token_file_;
};

}  // namespace

std::unique_ptr<CredentialsSource> make_container_source(const CredentialsOptions& options) {
  return std::make_unique<ContainerSource>(options);
}

}  // namespace seekfs::objectstore::s3
