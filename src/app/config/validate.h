// Rules that one value alone, or a value's type, cannot tell.
#pragma once

#include "app/config/load.h"
#include "base/error.h"

namespace seekfs::app {

/// `invalid` with origin, key, value and what is accepted: page sizes, addresses, the store's path, prefix and
/// endpoint, credentials that belong together.
Status validate(const LoadedConfig& loaded);

}  // namespace seekfs::app
