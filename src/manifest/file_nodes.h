// A manifest's `files`: one node a file, which gives it to the sink once it is whole and valid.
#pragma once

#include <string>

#include "manifest/codec.h"
#include "manifest/json_node.h"
#include "manifest/page_nodes.h"
#include "manifest/read_context.h"

namespace seekfs::manifest {

/// `storage` of a file.
class StorageNode final : public ObjectNode {
 public:
  explicit StorageNode(Storage& storage);
  void restart() noexcept { forget_members(); }
  Status on_scalar(const Scalar& value) override;
  Status on_close() override { return check_required(); }
  void append_name(std::string& out) const override { out += "storage."; }

 private:
  Status take_key(const Scalar& value);
  Status take_optional(const Scalar& value, std::optional<std::string>& target);

  Storage& storage_;
};

/// An element of `files`. Its members may come in any order, so what concerns several is checked at its end.
class FileNode final : public ObjectNode {
 public:
  FileNode(ReadContext& context, ManifestSink& sink);
  void restart(std::size_t index);
  Status on_scalar(const Scalar& value) override;
  Result<JsonNode*> on_open(JsonType bracket) override;
  Status on_close() override;
  void append_name(std::string& out) const override;
  std::size_t memory_bytes() const noexcept;

 private:
  Status take_path(const Scalar& value);
  Status take_hash(const Scalar& value);
  Status check_pages();

  ManifestSink& sink_;
  FileEntry file_;
  std::size_t index_ = 0;
  PageTableNode page_table_;
  PackedPagesNode packed_pages_;
  StorageNode storage_;
};

/// `files`.
class FilesNode final : public ArrayNode {
 public:
  FilesNode(ReadContext& context, ManifestSink& sink);
  Result<JsonNode*> on_open(JsonType bracket) override;
  std::size_t memory_bytes() const noexcept { return file_.memory_bytes(); }

 private:
  ReadContext& context_;
  FileNode file_;
};

}  // namespace seekfs::manifest
