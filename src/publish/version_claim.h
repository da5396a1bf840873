// The two steps that only one publisher may win: taking a version number, and making it HEAD.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "manifest/model.h"
#include "objectstore/object_store.h"
#include "publish/namespace_state.h"

namespace seekfs::publish {

/// Whether the store's conditions hold (conditions.h), or one has to look before and after each put.
enum class PutMode : std::uint8_t { conditional, unsafe };

/// Writes `manifest` under the first free number above all that exist and above `parent`, sets its version to it, then
/// writes its info. A number whose manifest has just these bytes already is one's own, from a put that was repeated.
Result<manifest::VersionInfo> claim_version(objectstore::ObjectStore& store, PutMode mode, const std::string& ns,
                                            std::optional<std::uint64_t> parent, const std::string& message,
                                            manifest::Manifest& manifest);

/// Makes HEAD name `version` if it still is what was read (`from`; nothing: there was none). False: somebody else was
/// faster. A HEAD that names `version` is success, whoever wrote it.
Result<bool> swap_head(objectstore::ObjectStore& store, PutMode mode, const std::string& ns,
                       const std::optional<Head>& from, std::uint64_t version);

}  // namespace seekfs::publish
