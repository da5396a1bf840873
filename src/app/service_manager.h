// Tells the service manager how the daemon is doing (sd_notify(3), the protocol of $NOTIFY_SOCKET).
#pragma once

#include <string_view>

#include "base/error.h"

namespace seekfs::app {

/// Sends e.g. "READY=1". Success without a word when there is no service manager. `socket` is the value of
/// $NOTIFY_SOCKET, empty when it is not set: a path, or "@name" for an abstract address. Errors: `invalid` for an
/// address that is too long, else what the system says.
Status notify_service_manager(std::string_view socket, std::string_view state);

}  // namespace seekfs::app
