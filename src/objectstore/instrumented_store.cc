// Counts and times what an origin is asked, an operation a request.
#include <utility>

#include "objectstore/origin_metrics.h"
#include "objectstore/wrappers.h"

namespace seekfs::objectstore {
namespace {

class InstrumentedStore final : public ObjectStore {
 public:
  InstrumentedStore(ObjectStore& inner, OriginMetrics& metrics) : inner_(inner), metrics_(metrics) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    OriginMetrics::Request request(metrics_, OriginOp::head, options.purpose);
    co_return request.done(co_await inner_.head(std::move(object), options));
  }

  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    OriginMetrics::Request request(metrics_, OriginOp::get, options.purpose);
    CountingSink counting(sink, metrics_.bytes(options.purpose));
    co_return request.done(co_await inner_.get(std::move(object), range, counting, options));
  }

  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    OriginMetrics::Request request(metrics_, OriginOp::put, options.purpose);
    Result<PutReply> reply = co_await inner_.put(std::move(key), body, std::move(conditions), options);
    if (reply) metrics_.bytes(options.purpose).add(body.size());
    co_return request.done(std::move(reply));
  }

  async::Task<ListReply> list(ListRequest list_request, RequestOptions options) override {
    OriginMetrics::Request request(metrics_, OriginOp::list, options.purpose);
    co_return request.done(co_await inner_.list(std::move(list_request), options));
  }

  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    OriginMetrics::Request request(metrics_, OriginOp::remove, options.purpose);
    co_return request.done(co_await inner_.remove(std::move(object), options));
  }

  Status check_key(std::string_view key) const override { return inner_.check_key(key); }

  /// Not a request to the origin by the metric's labels: passed on uncounted.
  async::Task<void> flush(RequestOptions options) override { co_return co_await inner_.flush(options); }

  std::string description() const override { return inner_.description(); }

 private:
  ObjectStore& inner_;
  OriginMetrics& metrics_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_instrumented_store(ObjectStore& inner, OriginMetrics& metrics) {
  return std::make_unique<InstrumentedStore>(inner, metrics);
}

}  // namespace seekfs::objectstore
