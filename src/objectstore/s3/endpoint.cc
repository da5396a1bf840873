// Host names: https://docs.aws.amazon.com/general/latest/gr/s3.html; bucket names:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
#include "objectstore/s3/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {
namespace {

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

/// Old buckets and other servers' may have capitals and underscores.
bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 &&
         std::ranges::all_of(
             name, [](char c) { return is_name_character(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_'; }) &&
         name.front() != '.' && name.back() != '.';
}

bool is_authority(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_name_character(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

std::string aws_host(const EndpointOptions& options) {
  const std::string_view domain = options.region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("s3{}{}.{}.{}", options.use_fips ? "-fips" : "", options.use_dualstack ? ".dualstack" : "",
                     options.region, domain);
}

}  // namespace

bool is_region_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_name_character);
}

Result<Endpoint> Endpoint::make(const EndpointOptions& options) {
  if (options.bucket.empty()) return fail(ErrorCode::invalid, "[s3] bucket is not set: name the bucket");
  if (!is_bucket_name(options.bucket)) {
    return fail(ErrorCode::invalid,
                fmt::format("[s3] bucket \"{}\" is no bucket's name: 3 to 255 of a-z 0-9 . - _", options.bucket));
  }
  if (!is_region_name(options.region)) {
    return fail(ErrorCode::invalid, fmt::format("[s3] region \"{}\" is no region's name", options.region));
  }
  Endpoint endpoint;
  endpoint.options_ = options;
  if (!options.endpoint.empty()) {
    std::string_view rest = options.endpoint;
    endpoint.https_ = rest.starts_with("https://");
    if (!endpoint.https_ && !rest.starts_with("http://")) {
      return fail(ErrorCode::invalid,
                  fmt::format("[s3] endpoint \"{}\" does not begin with http:// or https://", options.endpoint));
    }
    rest.remove_prefix(endpoint.https_ ? 8 : 7);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (!is_authority(rest)) {
      return fail(ErrorCode::invalid,
                  fmt::format("[s3] endpoint \"{}\" is not http(s)://HOST[:PORT]", options.endpoint));
    }
    if (options.use_fips || options.use_dualstack) {
      return fail(ErrorCode::invalid,
                  "[s3] use_fips and use_dualstack choose among AWS's own endpoints: leave "
                  "[s3] endpoint empty, or write the name into it");
    }
    endpoint.custom_host_ = rest;
  }
  if (!options.path_style && endpoint.https_ && options.bucket.find('.') != std::string::npos) {
    return fail(ErrorCode::invalid,
                fmt::format("[s3] bucket \"{}\" has dots, so no certificate fits its host name: set path_style = true",
                            options.bucket));
  }
  endpoint.resolve();
  return endpoint;
}

void Endpoint::resolve() {
  const std::string server = custom_host_.empty() ? aws_host(options_) : custom_host_;
  host_ = options_.path_style ? server : fmt::format("{}.{}", options_.bucket, server);
}

Endpoint Endpoint::in_region(std::string_view region) const {
  Endpoint moved = *this;
  moved.options_.region = region;
  moved.resolve();
  return moved;
}

std::string Endpoint::path(std::string_view key) const {
  return options_.path_style ? fmt::format("/{}{}{}", options_.bucket, key.empty() ? "" : "/", encode_key(key))
                             : "/" + encode_key(key);
}

std::string Endpoint::url(std::string_view key, const std::vector<std::pair<std::string, std::string>>& query) const {
  const std::string text = canonical_query(query);
  return fmt::format("{}://{}{}{}{}", https_ ? "https" : "http", host_, path(key), text.empty() ? "" : "?", text);
}

std::string Endpoint::description() const {
  return fmt::format("s3://{} at {}://{}", options_.bucket, https_ ? "https" : "http",
                     custom_host_.empty() ? aws_host(options_) : custom_host_);
}

}  // namespace seekfs::objectstore::s3
