// "Did you mean": the known name that is nearest to a wrong one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace seekfs::app {

/// The least number of letters to insert, drop, replace or swap with a neighbour to turn one text into the other
/// (optimal string alignment distance).
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The nearest candidate; nothing when none is near enough to be a slip (more than a third of the letters differ). A
/// candidate with the same last part ("bucket" of "store.bucket" and "s3.bucket") counts as near.
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates);

/// The nearest configuration key, aliases left out.
std::optional<std::string_view> nearest_key(std::string_view name);

}  // namespace seekfs::app
