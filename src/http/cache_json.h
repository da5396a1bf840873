// The caches' figures as JSON members, the same in replies and in the output of tools.
#pragma once

#include "http/json_text.h"
#include "l2/l2_admin.h"

namespace seekfs::http {

/// Writes an object.
void append_disk(JsonWriter& json, const l2::DiskStatus& disk);
void append_damage(JsonWriter& json, const l2::Damage& damage);

}  // namespace seekfs::http
