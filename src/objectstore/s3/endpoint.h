// Where a bucket is: scheme, host and the URL of a key, for AWS's own names and for custom endpoints.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace seekfs::objectstore::s3 {

struct EndpointOptions {
  std::string endpoint;  ///< "http(s)://HOST[:PORT]"; empty: AWS by region
  std::string region;
  std::string bucket;
  bool path_style = false;
  bool use_fips = false;
  bool use_dualstack = false;
};

/// "eu-west-1": nothing but a-z, 0-9 and "-", so that it may stand in a host name.
bool is_region_name(std::string_view text) noexcept;

/// A value.
class Endpoint {
 public:
  /// `invalid` naming the option: an endpoint that is no http(s) URL of a host, an impossible bucket name, a bucket
  /// with dots by virtual host over HTTPS (no certificate fits), FIPS or dual-stack with an endpoint of one's own.
  static Result<Endpoint> make(const EndpointOptions& options);

  /// The same bucket in another region: AWS's host names change with it, a custom endpoint stays.
  Endpoint in_region(std::string_view region) const;

  const std::string& region() const noexcept { return options_.region; }
  const std::string& bucket() const noexcept { return options_.bucket; }
  const std::string& host() const noexcept { return host_; }  ///< as the Host header spells it
  bool https() const noexcept { return https_; }
  /// The percent-encoded path of `key`; of the bucket itself when it is empty.
  std::string path(std::string_view key) const;
  /// path() with the host before it and `query` behind it.
  std::string url(std::string_view key, const std::vector<std::pair<std::string, std::string>>& query) const;
  /// For messages: "s3://bucket at https://host".
  std::string description() const;

 private:
  Endpoint() = default;
  void resolve();

  EndpointOptions options_;
  bool https_ = true;
  std::string custom_host_;  ///< of options_.endpoint, without the bucket; empty: AWS
  std::string host_;
};

}  // namespace seekfs::objectstore::s3
