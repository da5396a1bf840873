// What the wrappers add: prefixes, metrics, faults.
#include "objectstore/wrappers.h"

#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "objectstore/mem_store.h"
#include "objectstore/object_store_contract_testing.h"

namespace seekfs::objectstore {
namespace {

Result<std::string> read(ObjectStore& store, const std::string& key, Purpose purpose = Purpose::demand) {
  StringSink sink(1'000'000);
  SEEKFS_TRY(async::sync_wait(store.get({.key = key}, std::nullopt, sink, {.purpose = purpose})));
  return sink.take();
}

class Wrappers : public testing::Test {
 protected:
  Wrappers() {
    EXPECT_TRUE(async::sync_wait(put_small(*mem_, "p/a", "0123456789", {}, {})));
    EXPECT_TRUE(async::sync_wait(put_small(*mem_, "q/b", "outside", {}, {})));
  }

  env::ManualClock clock_;
  std::unique_ptr<ObjectStore> mem_ = make_mem_store(clock_);
};

TEST_F(Wrappers, PrefixedShowsOnlyWhatIsBelowIt) {
  const auto store = make_prefixed_store(*mem_, "p/");
  EXPECT_EQ(read(*store, "a").value_or("error"), "0123456789");
  EXPECT_EQ(code_of(read(*store, "../q/b")), ErrorCode::not_found);
  EXPECT_EQ(code_of(read(*store, "")), ErrorCode::invalid);
  EXPECT_EQ(keys_of(*async::sync_wait(store->list({}, {}))), std::vector<std::string>{"a"});
  EXPECT_EQ(store->description(), "mem/p/");
  EXPECT_EQ(code_of(store->check_key(std::string(max_key_length - 1, 'k'))), ErrorCode::invalid);
  EXPECT_EQ(code_of(store->check_key(std::string(max_key_length - 2, 'k'))), std::nullopt);
}

class Instrumented : public Wrappers {
 protected:
  std::uint64_t requests(const std::string& op, const std::string& outcome, const std::string& purpose) {
    return metrics_
        .counter("seekfs_origin_requests_total", "", {{"op", op}, {"outcome", outcome}, {"purpose", purpose}})
        .value();
  }
  std::uint64_t bytes(const std::string& purpose) {
    return metrics_.counter("seekfs_origin_bytes_total", "", {{"purpose", purpose}}).value();
  }
  std::int64_t gauge(const std::string& name) { return metrics_.gauge(name, "").value(); }

  MetricsRegistry metrics_;
  OriginMetrics origin_{metrics_, clock_};
};

TEST_F(Instrumented, CountsByOperationOutcomeAndPurpose) {
  const auto store = make_instrumented_store(*mem_, origin_);
  EXPECT_TRUE(read(*store, "p/a"));
  EXPECT_TRUE(read(*store, "p/a", Purpose::prefetch));
  EXPECT_FALSE(read(*store, "absent"));
  EXPECT_FALSE(async::sync_wait(store->head({.key = "absent"}, {.purpose = Purpose::manifest})));
  EXPECT_TRUE(async::sync_wait(put_small(*store, "new", "123", {}, {.purpose = Purpose::publish})));
  EXPECT_FALSE(
      async::sync_wait(put_small(*store, "new", "1234", {.if_none_match = true}, {.purpose = Purpose::publish})));
  EXPECT_TRUE(async::sync_wait(store->list({}, {})));
  EXPECT_TRUE(async::sync_wait(store->remove({.key = "new"}, {})));
  EXPECT_EQ(requests("get", "ok", "demand"), 1U);
  EXPECT_EQ(requests("get", "ok", "prefetch"), 1U);
  EXPECT_EQ(requests("get", "not_found", "demand"), 1U);
  EXPECT_EQ(requests("head", "not_found", "manifest"), 1U);
  EXPECT_EQ(requests("put", "ok", "publish"), 1U);
  EXPECT_EQ(requests("put", "precondition_failed", "publish"), 1U);
  EXPECT_EQ(requests("list", "ok", "demand"), 1U);
  EXPECT_EQ(requests("delete", "ok", "demand"), 1U);
  EXPECT_EQ(bytes("demand"), 10U);
  EXPECT_EQ(bytes("prefetch"), 10U);
  EXPECT_EQ(bytes("publish"), 3U);
  EXPECT_EQ(gauge("seekfs_origin_inflight"), 0);
}

TEST_F(Instrumented, TimesRequestsAndCountsThoseUnderWay) {
  std::int64_t during = -1;
  const auto slow = make_faulty_store(*mem_, [&](StoreOp, const std::string&) {
    return StoreFault{.before = [&] {
      during = gauge("seekfs_origin_inflight");
      clock_.advance(std::chrono::milliseconds(1500));
    }};
  });
  const auto store = make_instrumented_store(*slow, origin_);
  EXPECT_TRUE(read(*store, "p/a"));
  EXPECT_EQ(during, 1);
  EXPECT_EQ(gauge("seekfs_origin_inflight"), 0);
  const auto durations = metrics_.histogram("seekfs_origin_request_duration_seconds", "", {{"op", "get"}}).snapshot();
  EXPECT_DOUBLE_EQ(durations.sum_seconds, 1.5);
}

TEST_F(Instrumented, KnowsWhetherTheOriginIsUp) {
  ErrorCode code = ErrorCode::transient;
  const auto failing = make_faulty_store(
      *mem_, [&](StoreOp, const std::string&) { return StoreFault{.fail_before = Error(code, "as planned")}; });
  const auto store = make_instrumented_store(*failing, origin_);
  EXPECT_EQ(gauge("seekfs_origin_up"), 1);
  EXPECT_FALSE(read(*store, "p/a"));
  EXPECT_EQ(gauge("seekfs_origin_up"), 0);
  code = ErrorCode::timeout;
  EXPECT_FALSE(read(*store, "p/a"));
  EXPECT_EQ(gauge("seekfs_origin_up"), 0) << "nothing was heard of it";
  code = ErrorCode::not_found;
  EXPECT_FALSE(read(*store, "p/a"));
  EXPECT_EQ(gauge("seekfs_origin_up"), 1);
}

TEST_F(Wrappers, FaultsFailCutAndFlip) {
  StoreFault fault;
  std::vector<std::pair<StoreOp, std::string>> asked;
  const auto store = make_faulty_store(*mem_, [&](StoreOp op, const std::string& key) {
    asked.emplace_back(op, key);
    return fault;
  });
  fault = {.fail_before = Error(ErrorCode::throttled, "slow down")};
  EXPECT_EQ(code_of(read(*store, "p/a")), ErrorCode::throttled);
  EXPECT_EQ(code_of(async::sync_wait(store->head({.key = "p/a"}, {}))), ErrorCode::throttled);
  EXPECT_EQ(code_of(async::sync_wait(put_small(*store, "n", "x", {}, {}))), ErrorCode::throttled);
  EXPECT_EQ(code_of(async::sync_wait(store->list({.prefix = "p"}, {}))), ErrorCode::throttled);
  EXPECT_EQ(code_of(async::sync_wait(store->remove({.key = "p/a"}, {}))), ErrorCode::throttled);
  EXPECT_EQ(code_of(async::sync_wait(store->flush({}))), ErrorCode::throttled);
  EXPECT_EQ(asked, (std::vector<std::pair<StoreOp, std::string>>{{StoreOp::get, "p/a"},
                                                                 {StoreOp::head, "p/a"},
                                                                 {StoreOp::put, "n"},
                                                                 {StoreOp::list, "p"},
                                                                 {StoreOp::remove, "p/a"},
                                                                 {StoreOp::flush, ""}}));
  fault = {};
  EXPECT_EQ(code_of(async::sync_wait(store->head({.key = "n"}, {}))), ErrorCode::not_found) << "the put did nothing";
  for (const std::uint64_t cut : {0UL, 1UL, 9UL}) {
    fault = {.cut_body_at = cut};
    StringSink sink(100);
    EXPECT_EQ(code_of(async::sync_wait(store->get({.key = "p/a"}, std::nullopt, sink, {}))), ErrorCode::transient);
    EXPECT_EQ(sink.take(), std::string("0123456789").substr(0, cut));
  }
  fault = {.cut_body_at = 10};
  EXPECT_EQ(read(*store, "p/a").value_or("error"), "0123456789");
  fault = {.flip_byte_at = 3};
  EXPECT_EQ(read(*store, "p/a").value_or("error"),
            "012\xCC"
            "456789");
  fault = {.flip_byte_at = 10};
  EXPECT_EQ(read(*store, "p/a").value_or("error"), "0123456789");
}

}  // namespace
}  // namespace seekfs::objectstore
