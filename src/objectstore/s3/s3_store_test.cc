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

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreContract,
                         testing::Values(StoreMaker{"s3", [] { return std::make_unique<FakeAndStore>(); }},
                                         StoreMaker{"s3_in_parts",
                                                    [] { return std::make_unique<FakeAndStore>(in_small_parts()); }}),
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
  FakeAndStore on;
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

/// A fault and what one operation may answer when every request meets it.
struct MatrixRow {
  std::string name;
  Fault fault;
  std::vector<ErrorCode> get;
};

TEST_F(S3Store, EveryFaultGivesTheRightBytesOrTheRightError) {
  using enum ErrorCode;
  const std::vector<MatrixRow> rows = {
      {"no reply", {.no_reply = true}, {transient}},
      {"reset", {.reset_at = 10}, {transient}},
      {"truncated", {.close_at = 10}, {transient}},
      {"overlong", {.surplus = 1000}, {}},
      {"wrong range", {.kind = FaultKind::wrong_range}, {corrupt}},
      {"whole body", {.kind = FaultKind::whole_body}, {corrupt}},
      {"500", {.kind = FaultKind::internal_error}, {transient}},
      {"503 SlowDown", {.kind = FaultKind::slow_down}, {throttled}},
      {"503", {.kind = FaultKind::service_unavailable}, {transient, throttled}},
      {"expired", {.kind = FaultKind::expired_token}, {denied}},
      {"wrong region", {.kind = FaultKind::wrong_region, .region = "eu-north-1"}, {denied}},
      {"skew", {.kind = FaultKind::time_too_skewed}, {denied}},
      {"denied", {.kind = FaultKind::access_denied}, {denied}},
      {"kms", {.kind = FaultKind::kms_disabled}, {denied}},
      {"412", {.kind = FaultKind::precondition_failed}, {precondition_failed}},
      {"409", {.kind = FaultKind::conditional_conflict}, {transient}},
      {"garbage", {.kind = FaultKind::garbage_xml}, {transient, corrupt}},
      {"empty", {.kind = FaultKind::empty_body}, {transient, corrupt}},
      {"error in 200", {.kind = FaultKind::error_in_success}, {transient, corrupt}},
  };
  const auto expect = [](const MatrixRow& row, std::string_view op, std::optional<ErrorCode> code, bool right) {
    if (!code) {
      EXPECT_TRUE(right) << row.name << " " << op << " gave wrong bytes";
      return;
    }
    const bool known = row.get.empty() || std::ranges::find(row.get, *code) != row.get.end();
    EXPECT_TRUE(known) << row.name << " " << op << " gave " << to_string(*code);
  };
  for (const MatrixRow& row : rows) {
    fault({}, row.fault, 1'000);
    const auto got = get({.key = "a"}, ByteRange{100, 1000});
    expect(row, "get", code_of(got), got && *got == body.substr(100, 1000));
    const auto info = head({.key = "a"});
    expect(row, "head", code_of(info), info && info->size == body.size());
    const auto stored = put("new", "new");
    expect(row, "put", code_of(stored), stored.has_value());
    const auto listed = async::sync_wait(on.store().list({}, {}));
    expect(row, "list", code_of(listed), listed.has_value());
    on.fake.clear_rules();
    EXPECT_TRUE(get({.key = "a"}, ByteRange{100, 1000}) == body.substr(100, 1000)) << "after " << row.name;
    EXPECT_EQ(on.rig.metrics().gauge("seekfs_origin_inflight", "").value(), 0) << row.name;
  }
}

}  // namespace
}  // namespace seekfs::objectstore
