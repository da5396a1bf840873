// The top object of a manifest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "manifest/file_nodes.h"
#include "manifest/json_node.h"
#include "manifest/read_context.h"

namespace seekfs::manifest {

/// `requires`: every entry must be a feature that this reader has.
class RequiresNode final : public ArrayNode {
 public:
  RequiresNode() : ArrayNode("requires", "a string") {}
  Status on_scalar(const Scalar& value) override;
};

/// `parents`.
class ParentsNode final : public ArrayNode {
 public:
  explicit ParentsNode(std::vector<std::uint64_t>& parents)
      : ArrayNode("parents", "an unsigned integer"), parents_(parents) {}
  Status on_scalar(const Scalar& value) override;

 private:
  std::vector<std::uint64_t>& parents_;
};

/// `tombstones`. There may be as many as files.
class TombstonesNode final : public ArrayNode {
 public:
  TombstonesNode(const ReadContext& context, std::vector<std::string>& tombstones)
      : ArrayNode("tombstones", "a string"), context_(context), tombstones_(tombstones) {}
  Status on_scalar(const Scalar& value) override;
  std::size_t string_cap() const override;

 private:
  const ReadContext& context_;
  std::vector<std::string>& tombstones_;
};

class ManifestNode final : public ObjectNode {
 public:
  ManifestNode(ReadContext& context, ManifestSink& sink, std::optional<std::uint64_t> expected_version);
  Status on_scalar(const Scalar& value) override;
  Result<JsonNode*> on_open(JsonType bracket) override;
  Status on_close() override { return check_required(); }
  void append_name(std::string&) const override {}

  /// Complete once the object is closed; its version is 0 until it was read.
  ManifestHeader& header() noexcept { return header_; }
  const ManifestHeader& header() const noexcept { return header_; }
  std::size_t memory_bytes() const noexcept { return files_.memory_bytes(); }

 private:
  Status take_version(const Scalar& value);
  Status take_format(const Scalar& value);

  std::optional<std::uint64_t> expected_version_;
  ManifestHeader header_;
  RequiresNode requires_;
  ParentsNode parents_;
  TombstonesNode tombstones_;
  FilesNode files_;
};

}  // namespace seekfs::manifest
