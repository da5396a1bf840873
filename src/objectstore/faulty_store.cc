// A store that fails as a plan says: for tests of everything above a store.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "objectstore/wrappers.h"

namespace seekfs::objectstore {
namespace {

/// Ends the body early and inverts a byte, as the fault says. Positions count from the first byte delivered.
class FaultySink final : public BodySink {
 public:
  FaultySink(BodySink& inner, const StoreFault& fault) : inner_(inner), fault_(fault) {}

  bool wants_pause(const std::weak_ptr<PausedBody>& body) override { return inner_.wants_pause(body); }

  std::span<std::byte> prepare() override {
    space_ = {};
    if (fault_.cut_body_at && position_ >= *fault_.cut_body_at) {
      cut_ = true;
      return space_;
    }
    space_ = inner_.prepare();
    if (fault_.cut_body_at) {
      space_ = space_.first(std::min<std::uint64_t>(space_.size(), *fault_.cut_body_at - position_));
    }
    return space_;
  }

  void commit(std::size_t count) override {
    if (fault_.flip_byte_at && *fault_.flip_byte_at >= position_ && *fault_.flip_byte_at - position_ < count) {
      space_[*fault_.flip_byte_at - position_] ^= std::byte{0xFF};
    }
    position_ += count;
    inner_.commit(count);
  }

  bool cut() const noexcept { return cut_; }

 private:
  BodySink& inner_;
  const StoreFault& fault_;
  std::span<std::byte> space_;
  std::uint64_t position_ = 0;
  bool cut_ = false;
};

class FaultyStore final : public ObjectStore {
 public:
  FaultyStore(ObjectStore& inner, StoreFaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_TRY(check(StoreOp::head, object.key));
    co_return co_await inner_.head(std::move(object), options);
  }

  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    const std::string key = object.key;
    const StoreFault fault = ask(StoreOp::get, key);
    if (fault.fail_before) co_return std::unexpected<Error>(*fault.fail_before);
    FaultySink faulty(sink, fault);
    Result<ObjectInfo> info = co_await inner_.get(std::move(object), range, faulty, options);
    if (info && faulty.cut()) {
      co_return fail(ErrorCode::transient,
                     fmt::format("get {}: the body ended after {} bytes", key, *fault.cut_body_at));
    }
    co_return info;
  }

  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    SEEKFS_CO_TRY(check(StoreOp::put, key));
    co_return co_await inner_.put(std::move(key), body, std::move(conditions), options);
  }

  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    SEEKFS_CO_TRY(check(StoreOp::list, request.prefix));
    co_return co_await inner_.list(std::move(request), options);
  }

  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_TRY(check(StoreOp::remove, object.key));
    co_return co_await inner_.remove(std::move(object), options);
  }

  Status check_key(std::string_view key) const override { return inner_.check_key(key); }

  async::Task<void> flush(RequestOptions options) override {
    SEEKFS_CO_TRY(check(StoreOp::flush, ""));
    co_return co_await inner_.flush(options);
  }

  std::string description() const override { return inner_.description(); }

 private:
  StoreFault ask(StoreOp operation, const std::string& key) const {
    StoreFault fault = plan_(operation, key);
    if (fault.before) fault.before();
    return fault;
  }

  Status check(StoreOp operation, const std::string& key) const {
    StoreFault fault = ask(operation, key);
    if (fault.fail_before) return std::unexpected<Error>(std::move(*fault.fail_before));
    return {};
  }

  ObjectStore& inner_;
  const StoreFaultPlan plan_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_faulty_store(ObjectStore& inner, StoreFaultPlan plan) {
  return std::make_unique<FaultyStore>(inner, std::move(plan));
}

}  // namespace seekfs::objectstore
