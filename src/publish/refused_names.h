// Collects names that cannot be published, so that one error names several.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::publish {

class RefusedNames {
 public:
  void add(std::string reason);
  /// invalid_path with the first max_named reasons and the count; success when there are none.
  Status status(std::string_view source) const;

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> reasons_;
};

}  // namespace seekfs::publish
