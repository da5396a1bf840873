// What is true of a whole page table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "manifest/model.h"

namespace seekfs::manifest {

/// The size that all pages but the last have, where the last is not larger; nothing for other tables and empty ones.
std::optional<std::uint32_t> uniform_page_size(std::span<const Page> pages);

}  // namespace seekfs::manifest
