// The objects and arrays of a JSON text that are open at a point of it, and what goes to the innermost of them.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "manifest/json_node.h"

namespace seekfs::manifest {

/// Gives a parser's events to the node they belong to, skips what no node knows, finds keys that are twice, caps
/// strings before they are kept, and names the place of an Error. Used by JsonReader.
class OpenNodes {
 public:
  explicit OpenNodes(JsonNode& root) : root_(root) {}

  Status open(JsonType bracket);
  Status close();
  /// Keys and strings come in parts, of which the last is marked.
  Status key(std::string_view part, bool last);
  Status string(std::string_view part, bool last);
  Status scalar(const Scalar& value);

  /// The names of all open nodes, e.g. "files[3] 'a/b': page_table[2]: "; empty at the top.
  std::string where() const;

 private:
  /// An open object or array; nobody reads those inside a skipped one.
  struct Level {
    JsonNode* node = nullptr;
    std::set<std::string, std::less<>> unknown_keys;
    std::size_t unknown_bytes = 0;
  };

  bool skipping() const noexcept { return skip_value_ || levels_[depth_ - 1].node == nullptr; }
  JsonNode& top() const noexcept { return *levels_[depth_ - 1].node; }
  void push(JsonNode* node);
  Status take_key(std::string_view whole);
  Status take_unknown_key(std::string_view whole);
  Status take_string(std::string_view part, bool last);
  Error placed(Error error) const;
  Status placed(Status status) const;
  std::unexpected<Error> refuse_value(std::string_view what) const;

  JsonNode& root_;
  std::vector<Level> levels_;  ///< kept beyond depth_ for reuse
  std::size_t depth_ = 0;
  bool skip_value_ = false;  ///< the next value belongs to a key that nobody knows
  std::string parts_;        ///< of a key or string that has not ended
  std::size_t unknown_bytes_ = 0;
};

}  // namespace seekfs::manifest
