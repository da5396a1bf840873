// The fs store: every operation as one piece of blocking work on the pool.
#include "objectstore/fs_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "objectstore/fs_layout.h"
#include "objectstore/fs_list.h"
#include "objectstore/fs_object.h"
#include "objectstore/fs_writer.h"
#include "objectstore/object_rules.h"

namespace seekfs::objectstore {
namespace {

class FsStore final : public ObjectStore {
 public:
  FsStore(std::string root, FsStoreParts parts)
      : parts_(parts), root_(std::move(root)), writer_(parts.files, root_, parts.clock, parts.random) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    co_return co_await async::run_on<ObjectInfo>(
        parts_.pool, [this, object = std::move(object), options]() -> Result<ObjectInfo> {
          SEEKFS_TRY(check_deadline(parts_.clock, options, "head " + object.key));
          SEEKFS_ASSIGN(FsObject found, open(object));
          return std::move(found.info);
        });
  }

  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    co_return co_await async::run_on<ObjectInfo>(
        parts_.pool, [this, object = std::move(object), range, &sink, options]() -> Result<ObjectInfo> {
          SEEKFS_TRY(check_deadline(parts_.clock, options, "get " + object.key));
          SEEKFS_ASSIGN(FsObject found, open(object));
          SEEKFS_ASSIGN(const ByteRange part, resolve_range(object.key, range, found.info.size));
          Status delivered = deliver(found, part, sink, options);
          if (delivered) delivered = found.check_unchanged();
          if (!delivered) return explain(delivered.error(), object, found);
          return std::move(found.info);
        });
  }

  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    co_return co_await async::run_on<PutReply>(
        parts_.pool,
        [this, key = std::move(key), &body, conditions = std::move(conditions), options]() -> Result<PutReply> {
          SEEKFS_TRY(check_deadline(parts_.clock, options, "put " + key));
          return writer_.put(key, body, conditions, options);
        });
  }

  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    co_return co_await async::run_on<ListReply>(
        parts_.pool, [this, request = std::move(request), options]() -> Result<ListReply> {
          SEEKFS_TRY(check_deadline(parts_.clock, options, "list " + request.prefix));
          SEEKFS_TRY(check_list_request(request));
          SEEKFS_ASSIGN(const std::unique_ptr<env::Directory> root, open_fs_root(parts_.files, root_));
          SEEKFS_ASSIGN(ListReply reply, list_fs_objects(*root, request, options, parts_.clock));
          if (reply.objects.empty() && reply.common_prefixes.empty()) SEEKFS_TRY(check_fs_root_present(*root, root_));
          return reply;
        });
  }

  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    co_return co_await async::run_on<void>(parts_.pool, [this, object = std::move(object), options]() -> Status {
      SEEKFS_TRY(check_deadline(parts_.clock, options, "delete " + object.key));
      return writer_.remove(object, options);
    });
  }

  Status check_key(std::string_view key) const override { return check_fs_key(key); }

  async::Task<void> flush(RequestOptions options) override {
    co_return co_await async::run_on<void>(parts_.pool, [this, options]() -> Status {
      SEEKFS_TRY(check_deadline(parts_.clock, options, "flush " + root_));
      SEEKFS_ASSIGN(const std::unique_ptr<env::Directory> root, open_fs_root(parts_.files, root_));
      return parts_.files.sync_file_system(root_);
    });
  }

  std::string description() const override { return "fs:" + root_; }

 private:
  /// Opens the object in the state that is asked for.
  Result<FsObject> open(const ObjectRef& object) const {
    SEEKFS_TRY(check_fs_key(object.key));
    SEEKFS_TRY(check_no_version(object));
    SEEKFS_ASSIGN(const std::unique_ptr<env::Directory> root, open_fs_root(parts_.files, root_));
    Result<FsObject> found = open_fs_object(*root, object.key);
    if (!found) {
      if (found.error().code == ErrorCode::not_found) SEEKFS_TRY(check_fs_root_present(*root, root_));
      return std::unexpected<Error>(found.error().with_context(description()));
    }
    SEEKFS_TRY(check_match(object, found->info.etag));
    return found;
  }

  /// Reads straight into the sink's memory.
  Status deliver(const FsObject& object, ByteRange part, BodySink& sink, const RequestOptions& options) const {
    while (part.len > 0) {
      SEEKFS_TRY(check_deadline(parts_.clock, options, "get " + object.info.key));
      const std::span<std::byte> space = sink.prepare();
      if (space.empty()) return {};
      const std::span<std::byte> piece = space.first(std::min<std::uint64_t>(space.size(), part.len));
      if (object.content) {
        std::memcpy(piece.data(), object.content->data() + part.off, piece.size());
      } else {
        SEEKFS_ASSIGN(const std::size_t count, object.file->read_at(part.off, piece));
        if (count < piece.size()) {
          return fail(ErrorCode::transient,
                      fmt::format("{}: the file became shorter while it was being read", object.info.key));
        }
      }
      sink.commit(piece.size());
      part.off += piece.size();
      part.len -= piece.size();
    }
    return {};
  }

  /// A file that changed under If-Match is another state than the one asked for; any other failure stays what it is.
  static std::unexpected<Error> explain(const Error& error, const ObjectRef& object, const FsObject& found) {
    const bool changed = error.code == ErrorCode::transient && !found.check_unchanged();
    if (!object.if_match || !changed) return std::unexpected<Error>(error);
    return fail(ErrorCode::precondition_failed, error.message);
  }

  FsStoreParts parts_;
  const std::string root_;
  FsWriter writer_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_fs_store(std::string root, FsStoreParts parts) {
  return std::make_unique<FsStore>(std::move(root), parts);
}

Status create_fs_store_root(env::FileSystem& files, const std::string& root) {
  return files.make_directories(fmt::format("{}/{}", root, fs_temporary_folder));
}

}  // namespace seekfs::objectstore
