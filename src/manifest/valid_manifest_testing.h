// A small valid manifest with every member, for tests that break one thing of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "manifest/codec.h"

namespace seekfs::manifest {

/// Of both files of the valid manifest, in hex.
inline constexpr std::string_view valid_hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// v-3 of two files, one with a page table, one with packed pages.
std::string valid_json();

/// `text` with the first `from` replaced; throws when there is none.
std::string replaced(std::string text, std::string_view from, std::string_view to);

/// Loads v-3 of namespace "demo" in its compact form out of pieces of `piece` bytes.
Status load_compact(std::string_view bytes, std::size_t piece, ReadLimits limits = {});

}  // namespace seekfs::manifest
