// Counts and times what an origin is asked.
#include <array>
#include <atomic>
#include <utility>

#include "objectstore/wrappers.h"

namespace seekfs::objectstore {
namespace {

constexpr std::array<std::string_view, 5> operations = {"get", "head", "put", "list", "delete"};
enum Operation : std::uint8_t { get_op, head_op, put_op, list_op, delete_op };
constexpr std::size_t purpose_count = 5;
/// Success, then one for each error code.
constexpr std::size_t outcome_count = error_code_count + 1;

/// Counts the bytes that pass.
class CountingSink final : public BodySink {
 public:
  CountingSink(BodySink& inner, Counter& bytes) : inner_(inner), bytes_(bytes) {}
  std::span<std::byte> prepare() override { return inner_.prepare(); }
  void commit(std::size_t count) override {
    bytes_.add(count);
    inner_.commit(count);
  }

 private:
  BodySink& inner_;
  Counter& bytes_;
};

class InstrumentedStore final : public ObjectStore {
 public:
  InstrumentedStore(ObjectStore& inner, MetricsRegistry& metrics, env::Clock& clock)
      : inner_(inner),
        metrics_(metrics),
        clock_(clock),
        inflight_(metrics.gauge("seekfs_origin_inflight", "Requests that the origin has not answered yet.")),
        up_(metrics.gauge("seekfs_origin_up", "1 after any answer of the origin, 0 after a transient failure.")) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      durations_[i] = &metrics.histogram("seekfs_origin_request_duration_seconds",
                                         "Duration of requests to the origin.", {{"op", std::string(operations[i])}});
    }
    for (std::size_t i = 0; i < purpose_count; ++i) {
      bytes_[i] = &metrics.counter("seekfs_origin_bytes_total", "Bytes of bodies read from and written to the origin.",
                                   {{"purpose", std::string(to_string(static_cast<Purpose>(i)))}});
    }
    up_.set(1);
  }

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    Request request(*this, head_op, options.purpose);
    co_return request.done(co_await inner_.head(std::move(object), options));
  }

  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    Request request(*this, get_op, options.purpose);
    CountingSink counting(sink, bytes(options.purpose));
    co_return request.done(co_await inner_.get(std::move(object), range, counting, options));
  }

  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    Request request(*this, put_op, options.purpose);
    Result<PutReply> reply = co_await inner_.put(std::move(key), body, std::move(conditions), options);
    if (reply) bytes(options.purpose).add(body.size());
    co_return request.done(std::move(reply));
  }

  async::Task<ListReply> list(ListRequest list_request, RequestOptions options) override {
    Request request(*this, list_op, options.purpose);
    co_return request.done(co_await inner_.list(std::move(list_request), options));
  }

  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    Request request(*this, delete_op, options.purpose);
    co_return request.done(co_await inner_.remove(std::move(object), options));
  }

  Status check_key(std::string_view key) const override { return inner_.check_key(key); }

  /// Not a request to the origin by the metric's labels: passed on uncounted.
  async::Task<void> flush(RequestOptions options) override { co_return co_await inner_.flush(options); }

  std::string description() const override { return inner_.description(); }

 private:
  /// One request while it is under way; in flight until it is destroyed, however that comes.
  class Request {
   public:
    Request(InstrumentedStore& store, Operation operation, Purpose purpose)
        : store_(store), operation_(operation), purpose_(purpose), started_(store.clock_.now()) {
      store_.inflight_.add(1);
    }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request() { store_.inflight_.add(-1); }

    template <class T>
    Result<T> done(Result<T> result) {
      store_.durations_[operation_]->observe(store_.clock_.now() - started_);
      if (result) {
        store_.requests(operation_, purpose_, std::nullopt).add();
        store_.up_.set(1);
      } else {
        store_.requests(operation_, purpose_, result.error().code).add();
        store_.note_failure(result.error().code);
      }
      return result;
    }

   private:
    InstrumentedStore& store_;
    Operation operation_;
    Purpose purpose_;
    env::TimePoint started_;
  };

  Counter& bytes(Purpose purpose) { return *bytes_[static_cast<std::size_t>(purpose)]; }

  /// Registered on first use: only outcomes that have occurred become series, and later ones need no look-up.
  Counter& requests(Operation operation, Purpose purpose, std::optional<ErrorCode> code) {
    const std::size_t outcome = code ? static_cast<std::size_t>(*code) + 1 : 0;
    std::atomic<Counter*>& handle = requests_[operation][static_cast<std::size_t>(purpose)][outcome];
    if (Counter* known = handle.load(std::memory_order_acquire)) return *known;
    Counter& counter = metrics_.counter("seekfs_origin_requests_total", "Requests to the origin.",
                                        {{"op", std::string(operations[operation])},
                                         {"outcome", code ? std::string(to_string(*code)) : "ok"},
                                         {"purpose", std::string(to_string(purpose))}});
    handle.store(&counter, std::memory_order_release);  // the registry gives every thread the same one
    return counter;
  }

  void note_failure(ErrorCode code) {
    switch (code) {
      case ErrorCode::transient: up_.set(0); break;
      // Nothing was heard of the origin: given up, not sent, or refused on this side.
      case ErrorCode::timeout:
      case ErrorCode::cancelled:
      case ErrorCode::exhausted:
      case ErrorCode::invalid:
      case ErrorCode::internal: break;
      default: up_.set(1);
    }
  }

  ObjectStore& inner_;
  MetricsRegistry& metrics_;
  env::Clock& clock_;
  Gauge& inflight_;
  Gauge& up_;
  std::array<Histogram*, operations.size()> durations_{};
  std::array<Counter*, purpose_count> bytes_{};
  std::array<std::array<std::array<std::atomic<Counter*>, outcome_count>, purpose_count>, operations.size()>
      requests_{};
};

}  // namespace

std::unique_ptr<ObjectStore> make_instrumented_store(ObjectStore& inner, MetricsRegistry& metrics, env::Clock& clock) {
  return std::make_unique<InstrumentedStore>(inner, metrics, clock);
}

}  // namespace seekfs::objectstore
