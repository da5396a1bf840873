// What the store says of one namespace: its HEAD, its manifests.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "manifest/codec.h"
#include "manifest/model.h"
#include "objectstore/object_store.h"

namespace seekfs::publish {

struct Head {
  std::uint64_t version = 0;
  std::string etag;
};

struct ManifestObject {
  std::uint64_t version = 0;
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified;
};

/// Nothing when the namespace has no HEAD; corrupt when it has one that names no version.
Result<std::optional<Head>> read_head(objectstore::ObjectStore& store, const std::string& ns);

/// All manifests that are there, ascending.
Result<std::vector<ManifestObject>> list_manifests(objectstore::ObjectStore& store, const std::string& ns);

/// Nothing when there is none.
Result<std::optional<manifest::VersionInfo>> load_info(objectstore::ObjectStore& store, const std::string& ns,
                                                       std::uint64_t version);

/// Files and tombstones sorted by path. no_such_version when it is not there, corrupt when its bytes are not what its
/// info says.
Result<manifest::Manifest> load_manifest(objectstore::ObjectStore& store, const std::string& ns, std::uint64_t version);

}  // namespace seekfs::publish
