// The contract's suite on every store of this room.
#include "objectstore/object_store_contract_testing.h"

#include "base/metrics.h"
#include "objectstore/fs_store_testing.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"

namespace seekfs::objectstore {
namespace {

class MemUnderTest final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }
  env::Clock& clock() override { return clock_; }

 private:
  env::ManualClock clock_;
  std::unique_ptr<ObjectStore> store_ = make_mem_store(clock_);
};

class FsUnderTest final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return fs_.store(); }
  env::Clock& clock() override { return fs_.clock(); }

 private:
  FsStoreForTest fs_;
};

/// A wrapper around a store; what it needs besides lives with it.
class WrappedUnderTest final : public StoreUnderTest {
 public:
  using Wrap = std::function<std::unique_ptr<ObjectStore>(StoreUnderTest&, OriginMetrics&)>;
  WrappedUnderTest(std::unique_ptr<StoreUnderTest> inner, const Wrap& wrap)
      : inner_(std::move(inner)), metrics_(registry_, inner_->clock()), store_(wrap(*inner_, metrics_)) {}
  ObjectStore& store() override { return *store_; }
  env::Clock& clock() override { return inner_->clock(); }

 private:
  MetricsRegistry registry_;
  std::unique_ptr<StoreUnderTest> inner_;
  OriginMetrics metrics_;
  std::unique_ptr<ObjectStore> store_;
};

std::unique_ptr<StoreUnderTest> make_prefixed_fs() {
  return std::make_unique<WrappedUnderTest>(std::make_unique<FsUnderTest>(), [](StoreUnderTest& inner, OriginMetrics&) {
    // Neighbours on both sides of the prefix, which must never show.
    for (const std::string key : {"tenant.", "tenant/x.", "tenant/x0", "tenant0"}) {
      static_cast<void>(async::sync_wait(put_small(inner.store(), key, "neighbour", {}, {})));
    }
    return make_prefixed_store(inner.store(), "tenant/x/");
  });
}

std::unique_ptr<StoreUnderTest> make_instrumented_mem() {
  return std::make_unique<WrappedUnderTest>(
      std::make_unique<MemUnderTest>(),
      [](StoreUnderTest& inner, OriginMetrics& metrics) { return make_instrumented_store(inner.store(), metrics); });
}

std::unique_ptr<StoreUnderTest> make_faultless_mem() {
  return std::make_unique<WrappedUnderTest>(
      std::make_unique<MemUnderTest>(), [](StoreUnderTest& inner, OriginMetrics&) {
        return make_faulty_store(inner.store(), [](StoreOp, const std::string&) { return StoreFault{}; });
      });
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreContract,
                         testing::Values(StoreMaker{"mem", [] { return std::make_unique<MemUnderTest>(); }},
                                         StoreMaker{"fs", [] { return std::make_unique<FsUnderTest>(); }},
                                         StoreMaker{"prefixed_fs", make_prefixed_fs},
                                         StoreMaker{"instrumented_mem", make_instrumented_mem},
                                         StoreMaker{"faulty_mem", make_faultless_mem}),
                         name_of_maker);

}  // namespace
}  // namespace seekfs::objectstore
