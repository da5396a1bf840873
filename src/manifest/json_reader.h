// JSON text fed in pieces to a tree of nodes: nothing is kept but the string that is being read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "manifest/json_node.h"

namespace seekfs::manifest {

/// Strict JSON (RFC 8259) whose top is one object. Refuses, as unsupported_manifest: what is no JSON, invalid UTF-8,
/// bytes after the end, keys that are twice in an object (also where nobody knows them), keys over 1,024 bytes, unknown
/// keys of more than 1 MiB together in open objects, and nesting deeper than 32. Messages say where in the tree.
/// One thread at a time. After an Error only destruction is allowed.
class JsonReader {
 public:
  /// `root` reads the top object and outlives the reader.
  explicit JsonReader(JsonNode& root);
  ~JsonReader();
  Status feed(std::string_view piece);
  Status finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::manifest
