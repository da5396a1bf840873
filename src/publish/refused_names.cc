// One message for all names that were refused.
#include "publish/refused_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "publish/publisher.h"

namespace seekfs::publish {

void RefusedNames::add(std::string reason) {
  ++count_;
  if (reasons_.size() < max_named) reasons_.push_back(std::move(reason));
}

Status RefusedNames::status(std::string_view source) const {
  if (count_ == 0) return {};
  std::string message = fmt::format("{} of {} cannot be published: {}", count_ == 1 ? "a name" : "names", source,
                                    fmt::join(reasons_, "; "));
  if (count_ > reasons_.size()) message += fmt::format("; and {} more", count_ - reasons_.size());
  return fail(ErrorCode::invalid_path, std::move(message));
}

}  // namespace seekfs::publish
