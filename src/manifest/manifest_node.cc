// The rules of a manifest's own fields.
#include "manifest/manifest_node.h"

#include <fmt/format.h>

#include <array>

#include "manifest/format_names.h"
#include "manifest/in_quotes.h"
#include "manifest/path.h"

namespace seekfs::manifest {
namespace {

enum ManifestField : std::size_t {
  format_field,
  requires_field,
  version_field,
  created_at_field,
  parents_field,
  tombstones_field,
  files_field
};
constexpr std::array<ObjectNode::Field, 7> manifest_fields = {
    {{"format", false}, {"requires", false}, {"version"}, {"created_at"}, {"parents"}, {"tombstones"}, {"files"}}};

/// A version has one parent; a merge of many lines would have a few.
constexpr std::size_t max_parents = 1024;

}  // namespace

Status RequiresNode::on_scalar(const Scalar& value) {
  SEEKFS_ASSIGN(const std::string_view feature, text(value));
  if (feature != packed_pages_feature) {
    return refuse(fmt::format("{} is not known to this program; a newer one is needed", in_quotes(feature)));
  }
  advance();
  return {};
}

Status ParentsNode::on_scalar(const Scalar& value) {
  SEEKFS_ASSIGN(const std::uint64_t parent, integer(value));
  if (parents_.size() == max_parents) return refuse(fmt::format("more than {} parents", max_parents));
  parents_.push_back(parent);
  advance();
  return {};
}

std::size_t TombstonesNode::string_cap() const { return max_path_length; }

Status TombstonesNode::on_scalar(const Scalar& value) {
  SEEKFS_ASSIGN(const std::string_view path, text(value));
  if (Status status = check_path(path); !status) return refuse(status.error().message);
  if (tombstones_.size() == context_.limits.max_files) {
    return refuse(fmt::format("more than {} tombstones ([manifest] max_files)", context_.limits.max_files));
  }
  tombstones_.emplace_back(path);
  advance();
  return {};
}

ManifestNode::ManifestNode(ReadContext& context, ManifestSink& sink, std::optional<std::uint64_t> expected_version)
    : ObjectNode(manifest_fields),
      expected_version_(expected_version),
      parents_(header_.parents),
      tombstones_(context, header_.tombstones),
      files_(context, sink) {}

Status ManifestNode::on_scalar(const Scalar& value) {
  switch (field()) {
    case format_field: return take_format(value);
    case version_field: return take_version(value);
    case created_at_field: {
      SEEKFS_ASSIGN(const std::uint64_t seconds, integer(value, INT64_MAX));
      header_.created_at = static_cast<std::int64_t>(seconds);
      return {};
    }
    default: return mismatch("an array", value.type);
  }
}

Status ManifestNode::take_format(const Scalar& value) {
  SEEKFS_ASSIGN(const std::string_view format, text(value));
  if (format != manifest_format) {
    return refuse(fmt::format("expected {}, found {}", in_quotes(manifest_format), in_quotes(format)));
  }
  return {};
}

Status ManifestNode::take_version(const Scalar& value) {
  SEEKFS_ASSIGN(const std::uint64_t version, integer(value));
  if (version == 0) return refuse("expected 1 or more, found 0");
  if (expected_version_ && version != *expected_version_) {
    return refuse(fmt::format("expected {}, found {}", *expected_version_, version));
  }
  header_.version = version;
  return {};
}

Result<JsonNode*> ManifestNode::on_open(JsonType bracket) {
  if (bracket == JsonType::array) {
    switch (field()) {
      case requires_field: return &requires_;
      case parents_field: return &parents_;
      case tombstones_field: return &tombstones_;
      case files_field: return &files_;
      default: break;
    }
  }
  switch (field()) {
    case format_field: return mismatch("a string", bracket);
    case version_field:
    case created_at_field: return mismatch("an unsigned integer", bracket);
    default: return mismatch("an array", bracket);
  }
}

}  // namespace seekfs::manifest
