// Chooses among the stores of this build.
#include "app/store_factory.h"

#include <utility>

#include "objectstore/fs_store.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"

namespace seekfs::app {
namespace {

using objectstore::ObjectStore;

constexpr const char* no_store_message =
    "no object store is configured; this build has the stores fs and mem. Choose one in a file (--config F):\n"
    "    [store]\n"
    "    type = \"fs\"\n"
    "    path = \"/srv/seekfs\"\n"
    "or by environment:  SEEKFS_STORE__TYPE=fs SEEKFS_STORE__PATH=/srv/seekfs\n"
    "or by flags:        --store.type fs --store.path /srv/seekfs";

/// Owns a store and the prefix around it as one store.
class OwningPrefixedStore final : public ObjectStore {
 public:
  OwningPrefixedStore(std::unique_ptr<ObjectStore> inner, std::string prefix)
      : inner_(std::move(inner)), prefixed_(objectstore::make_prefixed_store(*inner_, std::move(prefix))) {}

  async::Task<objectstore::ObjectInfo> head(objectstore::ObjectRef object,
                                            objectstore::RequestOptions options) override {
    return prefixed_->head(std::move(object), options);
  }
  async::Task<objectstore::ObjectInfo> get(objectstore::ObjectRef object, std::optional<objectstore::ByteRange> range,
                                           objectstore::BodySink& sink, objectstore::RequestOptions options) override {
    return prefixed_->get(std::move(object), range, sink, options);
  }
  async::Task<objectstore::PutReply> put(std::string key, objectstore::BodySource& body,
                                         objectstore::PutOptions conditions,
                                         objectstore::RequestOptions options) override {
    return prefixed_->put(std::move(key), body, std::move(conditions), options);
  }
  async::Task<objectstore::ListReply> list(objectstore::ListRequest request,
                                           objectstore::RequestOptions options) override {
    return prefixed_->list(std::move(request), options);
  }
  async::Task<void> remove(objectstore::ObjectRef object, objectstore::RequestOptions options) override {
    return prefixed_->remove(std::move(object), options);
  }
  Status check_key(std::string_view key) const override { return prefixed_->check_key(key); }
  async::Task<void> flush(objectstore::RequestOptions options) override { return prefixed_->flush(options); }
  std::string description() const override { return prefixed_->description(); }

 private:
  std::unique_ptr<ObjectStore> inner_;
  std::unique_ptr<ObjectStore> prefixed_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_store(const Config& config, StoreParts parts, StoreRoot root) {
  std::unique_ptr<ObjectStore> store;
  switch (config.store.type) {
    case StoreType::s3: return fail(ErrorCode::invalid, no_store_message);
    case StoreType::fs:
      if (root == StoreRoot::create) {
        SEEKFS_TRY(objectstore::create_fs_store_root(parts.files, config.store.path));
      }
      store = objectstore::make_fs_store(
          config.store.path, {.files = parts.files, .clock = parts.clock, .random = parts.random, .pool = parts.pool});
      break;
    case StoreType::mem: store = objectstore::make_mem_store(parts.clock); break;
  }
  if (config.store.prefix.empty()) return store;
  return std::make_unique<OwningPrefixedStore>(std::move(store), config.store.prefix);
}

}  // namespace seekfs::app
