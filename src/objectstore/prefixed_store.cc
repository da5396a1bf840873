// A store inside a store: all keys below one prefix.
#include <fmt/format.h>

#include <utility>

#include "objectstore/wrappers.h"

namespace seekfs::objectstore {
namespace {

class PrefixedStore final : public ObjectStore {
 public:
  PrefixedStore(ObjectStore& inner, std::string prefix) : inner_(inner), prefix_(std::move(prefix)) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_TRY(check_not_empty(object.key));
    SEEKFS_CO_ASSIGN(ObjectInfo info, co_await inner_.head(lengthen(std::move(object)), options));
    co_return shorten(std::move(info));
  }

  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    SEEKFS_CO_TRY(check_not_empty(object.key));
    SEEKFS_CO_ASSIGN(ObjectInfo info, co_await inner_.get(lengthen(std::move(object)), range, sink, options));
    co_return shorten(std::move(info));
  }

  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    SEEKFS_CO_TRY(check_not_empty(key));
    co_return co_await inner_.put(prefix_ + key, body, std::move(conditions), options);
  }

  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    request.prefix = prefix_ + request.prefix;
    if (!request.start_after.empty()) request.start_after = prefix_ + request.start_after;
    SEEKFS_CO_ASSIGN(ListReply reply, co_await inner_.list(std::move(request), options));
    for (ObjectInfo& object : reply.objects) {
      SEEKFS_CO_ASSIGN(object, shorten(std::move(object)));
    }
    for (std::string& group : reply.common_prefixes) {
      SEEKFS_CO_ASSIGN(group, shorten(std::move(group)));
    }
    if (reply.next_start_after) {
      SEEKFS_CO_ASSIGN(*reply.next_start_after, shorten(std::move(*reply.next_start_after)));
    }
    co_return reply;
  }

  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_TRY(check_not_empty(object.key));
    co_return co_await inner_.remove(lengthen(std::move(object)), options);
  }

  Status check_key(std::string_view key) const override {
    SEEKFS_TRY(check_not_empty(key));
    return inner_.check_key(prefix_ + std::string(key));
  }

  async::Task<void> flush(RequestOptions options) override { co_return co_await inner_.flush(options); }

  std::string description() const override { return fmt::format("{}/{}", inner_.description(), prefix_); }

 private:
  /// An empty key would be the prefix itself, which some stores could hold.
  static Status check_not_empty(std::string_view key) {
    if (!key.empty()) return {};
    return fail(ErrorCode::invalid, "an empty key");
  }

  ObjectRef lengthen(ObjectRef object) const {
    object.key = prefix_ + object.key;
    return object;
  }

  Result<std::string> shorten(std::string key) const {
    if (key.starts_with(prefix_)) return key.substr(prefix_.size());
    return fail(ErrorCode::corrupt,
                fmt::format("{} answered with the key {}, which is outside of {}", inner_.description(), key, prefix_));
  }

  Result<ObjectInfo> shorten(ObjectInfo info) const {
    SEEKFS_ASSIGN(info.key, shorten(std::move(info.key)));
    return info;
  }

  ObjectStore& inner_;
  const std::string prefix_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_prefixed_store(ObjectStore& inner, std::string prefix) {
  return std::make_unique<PrefixedStore>(inner, std::move(prefix));
}

}  // namespace seekfs::objectstore
