// What publish says when it is done.
#pragma once

#include <string>

#include "publish/publisher.h"

namespace seekfs::cli {

/// Lines for people.
std::string report_text(const std::string& ns, const publish::PublishReport& report);
/// One JSON object on one line.
std::string report_json(const std::string& ns, const publish::PublishReport& report);

}  // namespace seekfs::cli
