// The S3 store on the fake server: the contract's suite, and the right bytes or the right error under every fault.
#include "objectstore/s3/s3_store.h"

#include "async/sync_wait.h"
#include "base/units.h"
#include "objectstore/object_store_contract_testing.h"
#include "objectstore/s3/fake_and_store_testing.h"

namespace seekfs::objectstore {
namespace {

using s3::FakeAndStore;
using s3::Fault;
using s3::FaultKind;
using s3::in_small_parts;
using s3::S3Operation;
using s3::S3RigOptions;

INSTANTIATE_TEST_SUITE_P(
    S3, ObjectStoreContract,
    testing::Values(StoreMaker{"s3", [] { return std::make_unique<FakeAndStore>(); }},
                    StoreMaker{"s3_in_parts", [] { return std::make_unique<FakeAndStore>(in_small_parts()); }},
                    StoreMaker{"s3_by_virtual_host",
                               [] { return std::make_unique<FakeAndStore>(S3RigOptions{.path_style = false}); }}),
    name_of_maker);

class S3Store : public testing::Test {
 protected:
  S3Store() {
    for (const char* key : {"a", "b"}) EXPECT_TRUE(put(key, body));
    on.fake.reset_record();
  }

  Result<PutReply> put(const std::string& key, std::string bytes, PutOptions conditions = {}) {
    return async::sync_wait(put_small(on.store(), key, std::move(bytes), std::move(conditions), {}));
  }
  Result<std::string> get(ObjectRef object, std::optional<ByteRange> range = std::nullopt) {
    StringSink sink(16 * MiB);
    SEEKFS_TRY(async::sync_wait(on.store().get(std::move(object), range, sink, {})));
    return sink.take();
  }
  Result<ObjectInfo> head(ObjectRef object) { return async::sync_wait(on.store().head(std::move(object), {})); }
  void fault(std::vector<S3Operation> operations, Fault what, std::uint64_t times = 1) {
    on.fake.add_rule({.operations = std::move(operations), .times = times, .fault = what});
  }

  const std::string body = patterned_body(300'000, 1);
  s3::FastClock clock{100};
  FakeAndStore on{s3::on_fast_clock(clock)};
};

TEST_F(S3Store, ABrokenBodyGoesOnWhereItBroke) {
  fault({S3Operation::get}, {.reset_at = 100'000});
  fault({S3Operation::get}, {.close_at = 50'000});
  EXPECT_TRUE(get({.key = "a"}, ByteRange{1000, 250'000}) == body.substr(1000, 250'000));
  EXPECT_TRUE(get({.key = "a"}) == body);
  const auto log = on.fake.log();
  ASSERT_GE(log.size(), 3U);
  bool resumed = false;
  for (const auto& entry : log) {
    for (const auto& [name, value] : entry.headers) resumed = resumed || name == "if-match";
  }
  EXPECT_TRUE(resumed) << "what follows must be of the same state";
}

TEST_F(S3Store, AnObjectThatChangesInMidReadIsNeverMixed) {
  fault({S3Operation::get}, {.kind = FaultKind::replaced, .close_at = 100'000});
  const auto got = get({.key = "a"});
  EXPECT_EQ(code_of(got), ErrorCode::precondition_failed);
}

TEST_F(S3Store, AnotherObjectThanAskedForIsRefused) {
  fault({S3Operation::get}, {.kind = FaultKind::wrong_etag});
  const std::string etag = head({.key = "a"})->etag;
  EXPECT_EQ(code_of(get({.key = "a", .if_match = etag})), ErrorCode::precondition_failed);
  EXPECT_TRUE(get({.key = "a", .if_match = etag}) == body);
}

TEST_F(S3Store, ErrorsCarryTheRequestIdAndNoSecret) {
  fault({}, {.kind = FaultKind::access_denied}, 100);
  const auto got = get({.key = "a"});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::denied);
  EXPECT_NE(got.error().message.find("request id"), std::string::npos) << got.error().message;
  EXPECT_EQ(got.error().message.find(std::string(s3::rig_secret_key)), std::string::npos);
  EXPECT_EQ(on.fake.counters().total, 1U) << "what is refused is not asked again";
}

TEST_F(S3Store, ThrottlingIsTriedAgainAndAtLastTold) {
  fault({}, {.kind = FaultKind::slow_down}, 2);
  EXPECT_TRUE(get({.key = "a"}) == body);
  fault({}, {.kind = FaultKind::slow_down, .retry_after = std::chrono::seconds(1)}, 100);
  const auto got = get({.key = "a"});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::throttled);
}

}  // namespace
}  // namespace seekfs::objectstore
