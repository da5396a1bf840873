// Trees on disk and versions read back, byte by byte.
#include "publish/publish_testing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "async/sync_wait.h"
#include "publish/content_audit.h"
#include "publish/namespace_state.h"
#include "publish/ranged_reader.h"
#include "publish/store_calls.h"

namespace seekfs::publish {

namespace fs = std::filesystem;

void SourceTree::write(std::string_view file, std::string_view content) const {
  const fs::path target = path_of(file);
  fs::create_directories(target.parent_path());
  std::ofstream(target, std::ios::binary) << content;
}

void SourceTree::write(const Tree& tree) const {
  for (const auto& [path, content] : tree) write(path, content);
}

void SourceTree::remove(std::string_view file) const { fs::remove_all(path_of(file)); }

PublishRequest request_for(const std::string& ns, const SourceTree& source) {
  PublishRequest request;
  request.ns = ns;
  request.source = LocalSource{.path = source.path()};
  return request;
}

Tree read_version(objectstore::ObjectStore& store, const std::string& ns, std::uint64_t version) {
  Tree tree;
  const auto manifest = load_manifest(store, ns, version);
  if (!manifest) {
    ADD_FAILURE() << "v-" << version << ": " << manifest.error().message;
    return tree;
  }
  async::ThreadPool pool("audit", 1);
  RangedReader reader(store, pool, {});
  for (const manifest::FileEntry& file : manifest->files) {
    const auto mismatch = async::sync_wait(audit_file(reader, file, {}));
    if (!mismatch || *mismatch) {
      ADD_FAILURE() << "v-" << version << " " << file.path << ": "
                    << (mismatch ? (*mismatch)->detail : mismatch.error().message);
      continue;
    }
    const objectstore::ObjectRef object{
        .key = file.storage.key, .if_match = file.storage.etag, .version_id = file.storage.version_id};
    auto body = async::sync_wait(objectstore::get_small(store, object, std::uint64_t{1} << 30U, publish_options));
    if (!body) {
      ADD_FAILURE() << "v-" << version << " " << file.path << ": " << body.error().message;
      continue;
    }
    tree[file.path] = body->body.substr(file.storage.off, file.size);
  }
  return tree;
}

std::uint64_t head_of(objectstore::ObjectStore& store, const std::string& ns) {
  const auto head = read_head(store, ns);
  EXPECT_TRUE(head) << (head ? "" : head.error().message);
  return head && *head ? (*head)->version : 0;
}

Tree read_head_version(objectstore::ObjectStore& store, const std::string& ns) {
  return read_version(store, ns, head_of(store, ns));
}

std::size_t check_all_versions(objectstore::ObjectStore& store, const std::string& ns) {
  const auto manifests = list_manifests(store, ns);
  EXPECT_TRUE(manifests);
  if (!manifests) return 0;
  for (const ManifestObject& object : *manifests) read_version(store, ns, object.version);
  return manifests->size();
}

}  // namespace seekfs::publish
