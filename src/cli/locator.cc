// Parsing of names by their scheme.
#include "cli/locator.h"

#include <fmt/format.h>

#include "manifest/layout.h"
#include "manifest/path.h"

namespace seekfs::cli {
namespace {

constexpr std::string_view published_scheme = "seekfs://";
constexpr std::string_view store_scheme = "store:";
constexpr std::string_view bucket_scheme = "s3://";
constexpr std::string_view s3_scheme = "s3:";

Result<PublishedName> parse_after_scheme(std::string_view rest) {
  PublishedName name;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view ns = rest.substr(0, slash);
  std::string_view path = rest.substr(std::min(slash + 1, rest.size()));
  if (const std::size_t at = ns.find('@'); at != std::string_view::npos) {
    SEEKFS_ASSIGN(name.version, parse_version(ns.substr(at + 1)));
    ns = ns.substr(0, at);
  }
  SEEKFS_TRY(manifest::check_namespace(ns));
  name.ns = ns;
  if (path.ends_with('/')) {
    name.folder = true;
    path.remove_suffix(1);
  }
  if (path.empty()) name.folder = true;
  if (!path.empty()) SEEKFS_TRY(manifest::check_path(path));
  name.path = path;
  return name;
}

Result<Name> parse_bucket_name(std::string_view text) {
  const std::string_view rest = text.substr(bucket_scheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (slash == 0) return fail(ErrorCode::bad_request, fmt::format("{}: write s3://BUCKET/PREFIX", text));
  return Name(StoreName{.prefix = std::string(rest.substr(std::min(slash + 1, rest.size()))),
                        .must_be_s3 = true,
                        .bucket = std::string(rest.substr(0, slash))});
}

std::string to_string(const StoreName& name) {
  if (name.bucket) return fmt::format("{}{}/{}", bucket_scheme, *name.bucket, name.prefix);
  return fmt::format("{}{}", name.must_be_s3 ? s3_scheme : store_scheme, name.prefix);
}

}  // namespace

std::string PublishedName::to_string() const {
  return fmt::format("{}{}{}/{}{}", published_scheme, ns, version ? fmt::format("@{}", *version) : "", path,
                     folder && !path.empty() ? "/" : "");
}

Result<Name> parse_name(std::string_view text) {
  if (text.starts_with(published_scheme)) {
    auto name = parse_after_scheme(text.substr(published_scheme.size()));
    if (!name) return std::unexpected(name.error().with_context(text));
    return Name(std::move(*name));
  }
  if (text.starts_with(store_scheme)) return Name(StoreName{std::string(text.substr(store_scheme.size()))});
  if (text.starts_with(bucket_scheme)) return parse_bucket_name(text);
  if (text.starts_with(s3_scheme)) return Name(StoreName{std::string(text.substr(s3_scheme.size())), true});
  if (text.empty()) return fail(ErrorCode::bad_request, "an empty name names nothing");
  return Name(LocalName{std::string(text)});
}

Result<std::string> prefix_in_store(const StoreName& name, const app::Config& config) {
  if (name.must_be_s3 && config.store.type != app::StoreType::s3) {
    return fail(
        ErrorCode::bad_request,
        fmt::format("{}: the configured store is no S3 store; its objects are named store:PREFIX", to_string(name)));
  }
  if (!name.bucket) return name.prefix;
  if (*name.bucket != config.s3.bucket) {
    return fail(ErrorCode::bad_request,
                fmt::format("{}: the configured bucket is '{}' (s3.bucket); objects of another one cannot be used",
                            to_string(name), config.s3.bucket));
  }
  const std::string_view own = config.store.prefix;
  if (name.prefix.starts_with(own)) return name.prefix.substr(own.size());
  if (name.prefix + "/" == own) return "";
  return fail(ErrorCode::bad_request,
              fmt::format("{}: the configured store is what lies below '{}' (store.prefix) in the bucket",
                          to_string(name), own));
}

Result<PublishedName> parse_published_name(std::string_view text) {
  SEEKFS_ASSIGN(Name name, parse_name(text));
  if (auto* published = std::get_if<PublishedName>(&name)) return std::move(*published);
  return fail(ErrorCode::bad_request,
              fmt::format("'{}' names no published file; write seekfs://ns[@version]/path", text));
}

Result<PublishedName> parse_published_file(std::string_view text) {
  SEEKFS_ASSIGN(PublishedName name, parse_published_name(text));
  if (name.folder) return fail(ErrorCode::bad_request, fmt::format("'{}' is a folder; name a file", text));
  return name;
}

Result<std::uint64_t> parse_version(std::string_view text) {
  const auto version = manifest::parse_head(text);
  if (!version || text.ends_with('\n')) {
    return fail(ErrorCode::bad_request, fmt::format("'{}' is no version; write 3, v3 or v-3", text));
  }
  return *version;
}

}  // namespace seekfs::cli
