// Objects in a sorted map. Bodies are immutable and shared, so that a GET needs the lock only to find its object.
#include "objectstore/mem_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/mutex.h"
#include "base/sha256.h"
#include "objectstore/object_rules.h"

namespace seekfs::objectstore {
namespace {

struct StoredObject {
  ObjectInfo info;
  std::string body;
};
using StoredRef = std::shared_ptr<const StoredObject>;

Status deliver(const StoredObject& object, ByteRange range, BodySink& sink) {
  while (range.len > 0) {
    const std::span<std::byte> space = sink.prepare();
    if (space.empty()) return {};
    const std::size_t count = std::min<std::uint64_t>(space.size(), range.len);
    std::memcpy(space.data(), object.body.data() + range.off, count);
    sink.commit(count);
    range.off += count;
    range.len -= count;
  }
  return {};
}

class MemStore final : public ObjectStore {
 public:
  explicit MemStore(env::Clock& clock) : clock_(clock) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_TRY(check_deadline(clock_, options, "head " + object.key));
    SEEKFS_CO_ASSIGN(const StoredRef stored, find(object));
    co_return stored->info;
  }

  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    SEEKFS_CO_TRY(check_deadline(clock_, options, "get " + object.key));
    SEEKFS_CO_ASSIGN(const StoredRef stored, find(object));
    SEEKFS_CO_ASSIGN(const ByteRange part, resolve_range(object.key, range, stored->body.size()));
    SEEKFS_CO_TRY(deliver(*stored, part, sink));
    co_return stored->info;
  }

  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    SEEKFS_CO_TRY(check_deadline(clock_, options, "put " + key));
    SEEKFS_CO_TRY(check_key(key));
    auto object = std::make_shared<StoredObject>();
    object->body.resize(body.size());
    SEEKFS_CO_TRY(body.read_at(0, std::as_writable_bytes(std::span(object->body))));
    const std::string etag = fmt::format("\"{}\"", sha256(object->body).hex());
    object->info = {.key = key,
                    .size = object->body.size(),
                    .etag = etag,
                    .version_id = std::nullopt,
                    .modified = clock_.wall_now()};
    SEEKFS_CO_TRY(replace(key, conditions, std::move(object)));
    co_return PutReply{etag, std::nullopt};
  }

  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    SEEKFS_CO_TRY(check_deadline(clock_, options, "list " + request.prefix));
    SEEKFS_CO_TRY(check_list_request(request));
    co_return list_items(request);
  }

  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_TRY(check_deadline(clock_, options, "delete " + object.key));
    SEEKFS_CO_TRY(check_key(object.key));
    SEEKFS_CO_TRY(check_no_version(object));
    co_return erase(object);
  }

  Status check_key(std::string_view key) const override {
    if (key.empty()) return fail(ErrorCode::invalid, "an empty key");
    if (key.size() > max_key_length) {
      return fail(ErrorCode::invalid, fmt::format("a key of {} bytes; {} at most", key.size(), max_key_length));
    }
    return {};
  }

  async::Task<void> flush(RequestOptions) override { co_return Status{}; }

  std::string description() const override { return "mem"; }

 private:
  Result<StoredRef> find(const ObjectRef& object) const {
    SEEKFS_TRY(check_key(object.key));
    SEEKFS_TRY(check_no_version(object));
    StoredRef stored;
    {
      MutexLock lock(mutex_);
      const auto at = objects_.find(object.key);
      if (at != objects_.end()) stored = at->second;
    }
    if (!stored) return fail(ErrorCode::not_found, fmt::format("{}: no such object in mem", object.key));
    SEEKFS_TRY(check_match(object, stored->info.etag));
    return stored;
  }

  Status replace(const std::string& key, const PutOptions& conditions, StoredRef object) {
    MutexLock lock(mutex_);
    const auto at = objects_.find(key);
    SEEKFS_TRY(check_put_conditions(key, conditions,
                                    at == objects_.end() ? std::nullopt : std::optional(at->second->info.etag)));
    objects_[key] = std::move(object);
    return {};
  }

  Status erase(const ObjectRef& object) {
    MutexLock lock(mutex_);
    const auto at = objects_.find(object.key);
    if (at == objects_.end()) return {};
    SEEKFS_TRY(check_match(object, at->second->info.etag));
    objects_.erase(at);
    return {};
  }

  ListReply list_items(const ListRequest& request) const {
    ListReply reply;
    std::string last;
    MutexLock lock(mutex_);
    auto at = objects_.lower_bound(std::max(request.prefix, request.start_after));
    while (at != objects_.end() && at->first.starts_with(request.prefix)) {
      const std::string& key = at->first;
      const std::size_t cut =
          request.delimiter ? key.find(*request.delimiter, request.prefix.size()) : std::string::npos;
      std::string item = key.substr(0, cut == std::string::npos ? cut : cut + 1);
      if (item > request.start_after && item != last) {
        if (reply.objects.size() + reply.common_prefixes.size() == request.max_keys) {
          reply.next_start_after = std::move(last);
          return reply;
        }
        if (cut == std::string::npos) {
          reply.objects.push_back(at->second->info);
        } else {
          reply.common_prefixes.push_back(item);
        }
        last = std::move(item);
      }
      ++at;
    }
    return reply;
  }

  env::Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, StoredRef, std::less<>> objects_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<ObjectStore> make_mem_store(env::Clock& clock) { return std::make_unique<MemStore>(clock); }

}  // namespace seekfs::objectstore
