// The contract of ObjectStore as tests: every store instantiates this suite and must pass all of it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "async/sync_wait.h"
#include "env/clock.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// A store to be tested, empty, with all that it needs; a new one for each test.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual ObjectStore& store() = 0;
  /// The clock of the store's deadlines.
  virtual env::Clock& clock() = 0;
  /// Whether the store takes this question. True of every store that keeps the contract.
  virtual bool takes(const ListRequest&) const { return true; }
};

/// How to make one. INSTANTIATE_TEST_SUITE_P(Name, ObjectStoreContract, testing::Values(StoreMaker{"fs", ...})).
struct StoreMaker {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};
void PrintTo(const StoreMaker& maker, std::ostream* out);
std::string name_of_maker(const testing::TestParamInfo<StoreMaker>& info);

class ObjectStoreContract : public testing::TestWithParam<StoreMaker> {
 protected:
  void SetUp() override;

  ObjectStore& store() { return under_test_->store(); }
  env::Clock& clock() { return under_test_->clock(); }
  bool takes(const ListRequest& request) const { return under_test_->takes(request); }

  Result<PutReply> put(const std::string& key, std::string body, PutOptions conditions = {});
  /// The whole body, or the bytes of `range`.
  Result<std::string> read(ObjectRef object, std::optional<ByteRange> range = std::nullopt);
  Result<ObjectInfo> head(ObjectRef object);
  Status remove(ObjectRef object);
  /// One page.
  Result<ListReply> list(ListRequest request);
  /// All pages of the listing, one after the other.
  ListReply list_all(ListRequest request);
  void put_all(const std::vector<std::string>& keys);

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
};

/// The keys of a listing.
std::vector<std::string> keys_of(const ListReply& reply);
/// The code of a failure, for comparison in one line; nothing on success.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}
/// `size` bytes that differ from place to place and from seed to seed.
std::string patterned_body(std::size_t size, unsigned seed);

/// What a GET delivered, for tests of sinks: takes at most `wanted` bytes, in pieces of `piece`.
class LimitedSink final : public BodySink {
 public:
  LimitedSink(std::size_t wanted, std::size_t piece) : wanted_(wanted), piece_(piece) {}
  std::span<std::byte> prepare() override;
  void commit(std::size_t count) override;
  const std::string& body() const noexcept { return body_; }

 private:
  std::size_t wanted_;
  std::vector<std::byte> piece_;
  std::string body_;
};

/// Called by the suite's set-up, so that the linker keeps the files that hold nothing but tests.
void link_list_contract();
void link_concurrency_contract();

}  // namespace seekfs::objectstore
