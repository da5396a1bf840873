// The wrapper that passes the operations of a store through the gate.
#include "objectstore/origin_gate.h"

namespace seekfs::objectstore {
namespace {

class BudgetedStore final : public ObjectStore {
 public:
  BudgetedStore(ObjectStore& inner, OriginGate& gate) : inner_(inner), gate_(gate) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.head(std::move(object), options);
  }
  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.get(std::move(object), range, sink, options);
  }
  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.put(std::move(key), body, std::move(conditions), options);
  }
  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.list(std::move(request), options);
  }
  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.remove(std::move(object), options);
  }
  Status check_key(std::string_view key) const override { return inner_.check_key(key); }
  async::Task<void> flush(RequestOptions options) override { co_return co_await inner_.flush(options); }
  std::string description() const override { return inner_.description(); }

 private:
  ObjectStore& inner_;
  OriginGate& gate_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_budgeted_store(ObjectStore& inner, OriginGate& gate) {
  return std::make_unique<BudgetedStore>(inner, gate);
}

}  // namespace seekfs::objectstore
