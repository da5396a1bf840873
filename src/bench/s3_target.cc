// An S3 server as a target: one signed GET for each read.
#include <atomic>
#include <iterator>

#include <fmt/format.h>

#include "bench/http_client.h"
#include "bench/targets.h"
#include "objectstore/s3/sigv4.h"

namespace seekfs::bench {
namespace {

namespace s3 = objectstore::s3;

constexpr std::uint64_t max_description = 64 * KiB;

/// Where the objects are and who asks for them; the same for all threads.
struct Bucket {
  Endpoint endpoint;
  std::string path;  ///< "/bucket/prefix/"
  std::string region;
  s3::Credentials credentials;  ///< without an access key: requests go out unsigned
};

/// What all readers asked for, for counters().
struct Asked {
  std::atomic<std::uint64_t> gets{0};
  std::atomic<std::uint64_t> bytes{0};
};

/// Header lines of a GET of a range, signed.
std::string fields_of(const Bucket& bucket, const std::string& path, std::string range, const env::Clock& clock) {
  s3::SigningRequest request{.method = "GET", .path = path, .payload_hash = std::string(s3::empty_payload_hash)};
  request.headers.push_back({"range", std::move(range)});
  std::string lines;
  const auto add = [&](const s3::HttpHeader& header) {
    fmt::format_to(std::back_inserter(lines), "{}: {}\r\n", header.name, header.value);
  };
  for (const s3::HttpHeader& header : request.headers) add(header);
  if (bucket.credentials.access_key_id.empty()) return lines;
  request.headers.push_back({"host", bucket.endpoint.authority()});
  const auto signature = s3::sign_v4(request, bucket.credentials, {.region = bucket.region}, clock.wall_now());
  for (const s3::HttpHeader& header : signature.headers) add(header);
  return lines;
}

class S3Reader final : public TargetReader {
 public:
  S3Reader(const Bucket& bucket, Asked& asked, const env::Clock& clock)
      : bucket_(bucket), asked_(asked), clock_(clock), client_(bucket.endpoint) {}

  Status open(const std::string& /*path*/) override { return client_.connect(); }

  Status read(const Range& range, std::span<std::byte> out) override {
    const std::string path = bucket_.path + range.path;
    const std::string fields =
        fields_of(bucket_, path, fmt::format("bytes={}-{}", range.offset, range.offset + range.length - 1), clock_);
    asked_.gets.fetch_add(1, std::memory_order_relaxed);
    asked_.bytes.fetch_add(range.length, std::memory_order_relaxed);
    return client_.fetch({.target = path, .fields = fields, .status = 206}, out);
  }

  Status read_batch(std::span<const Range> ranges, std::span<std::byte> out) override {
    for (const Range& range : ranges) {
      SEEKFS_TRY(read(range, out.first(range.length)));
      out = out.subspan(range.length);
    }
    return {};
  }

 private:
  const Bucket& bucket_;
  Asked& asked_;
  const env::Clock& clock_;
  HttpClient client_;
};

class S3Target final : public Target {
 public:
  S3Target(std::string name, Bucket bucket, const env::Clock& clock)
      : name_(std::move(name)), bucket_(std::move(bucket)), clock_(clock) {}

  const std::string& name() const override { return name_; }

  Result<std::string> description() override {
    return fmt::format("plain GETs of S3, {}, one for each read; batches are GETs one after the other",
                       bucket_.credentials.access_key_id.empty() ? "unsigned" : "signed");
  }

  Result<DataSet> data_set() override {
    const std::string path = bucket_.path + std::string(description_path);
    HttpClient client(bucket_.endpoint);
    // A range, since there are caches in front of S3 that answer nothing else.
    const std::string fields = fields_of(bucket_, path, fmt::format("bytes=0-{}", max_description - 1), clock_);
    auto text = client.fetch_text({.target = path, .fields = fields, .status = 206}, max_description);
    if (!text) return std::unexpected(text.error().with_context("reading the data set's description"));
    return parse_data_set(*text);
  }

  Result<std::unique_ptr<TargetReader>> make_reader() override {
    return std::make_unique<S3Reader>(bucket_, asked_, clock_);
  }

  Result<std::vector<std::string>> drop_caches(const DataSet& /*data*/) override {
    return std::vector<std::string>{"the S3 server's own caches"};
  }

  Result<std::optional<TargetCounters>> counters() override {
    return TargetCounters{.origin_gets = static_cast<double>(asked_.gets.load(std::memory_order_relaxed)),
                          .origin_bytes = static_cast<double>(asked_.bytes.load(std::memory_order_relaxed))};
  }

 private:
  std::string name_;
  Bucket bucket_;
  Asked asked_;
  const env::Clock& clock_;
};

/// Only characters that neither a request line nor a signature has to escape.
bool is_plain_path(std::string_view path) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  return !path.empty() && !path.starts_with('/') && !path.contains("//") &&
         path.find_first_not_of(plain) == std::string_view::npos;
}

std::string variable(const TargetOptions& options, std::string_view name) {
  for (const auto& [key, value] : options.environment) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Target>> make_s3_target(const TargetOptions& options, env::Clock& clock) {
  constexpr std::string_view scheme = "s3:http://";
  const std::string_view address = options.address;
  const std::size_t slash = address.starts_with(scheme) ? address.find('/', scheme.size()) : std::string_view::npos;
  if (slash == std::string_view::npos || !is_plain_path(address.substr(slash + 1))) {
    return fail(
        ErrorCode::invalid,
        fmt::format("'{}' is no S3 target: s3:http://HOST:PORT/BUCKET[/PREFIX], without TLS and with nothing in "
                    "bucket and prefix but letters, digits and - . _ ~",
                    address));
  }
  constexpr std::string_view kind = "s3:";
  Bucket bucket{.path = std::string(address.substr(slash)), .region = variable(options, "AWS_REGION")};
  SEEKFS_ASSIGN(bucket.endpoint, parse_endpoint(address.substr(kind.size(), slash - kind.size())));
  if (!bucket.path.ends_with('/')) bucket.path += '/';
  if (bucket.region.empty()) bucket.region = "us-east-1";
  bucket.credentials = {.access_key_id = variable(options, "AWS_ACCESS_KEY_ID"),
                        .secret_access_key = variable(options, "AWS_SECRET_ACCESS_KEY"),
                        .session_token = variable(options, "AWS_SESSION_TOKEN")};
  return std::make_unique<S3Target>(options.address, std::move(bucket), clock);
}

}  // namespace seekfs::bench
