// What of a publish request can be judged before anything is read.
#pragma once

#include "base/error.h"
#include "publish/publisher.h"

namespace seekfs::publish {

/// bad_request or invalid_path naming the option that cannot be.
Status check_request(const PublishRequest& request);

}  // namespace seekfs::publish
