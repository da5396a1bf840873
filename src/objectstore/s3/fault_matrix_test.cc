// Every fault of a server and of the wire on every operation: the right bytes or the right error, nothing left in
// flight, and the next healthy call succeeds. (When a deadline ends a call: deadline_test.cc. An object that changes
// while it is read: s3_store_test.cc.)
#include <algorithm>
#include <thread>

#include "async/sync_wait.h"
#include "objectstore/s3/fake_and_store_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What meets the fault; all else of the same call is healthy.
constexpr S3Operation operations[] = {
    S3Operation::head,         S3Operation::get,           S3Operation::put,         S3Operation::list,
    S3Operation::list_uploads, S3Operation::create_upload, S3Operation::upload_part, S3Operation::complete_upload,
    S3Operation::abort_upload, S3Operation::remove};

struct MatrixRow {
  std::string name;
  Fault fault;
  std::vector<ErrorCode> errors;  ///< when every request meets it; success is always good, if it is right
  bool passes = false;            ///< met once, it is mended by another try
  std::vector<S3Operation> not_mended = {};
  bool endless = false;  ///< only the deadline ends it
};
void PrintTo(const MatrixRow& row, std::ostream* out) { *out << row.name; }

std::vector<MatrixRow> matrix() {
  using enum ErrorCode;
  using Op = S3Operation;
  // A success that is not one is seen by its missing parts; only GETs ask another server then.
  const std::vector<Op> hollow = {Op::head};
  return {
      {"delay", {.delay = milliseconds(20)}, {}, true},
      {"endless_delay", {.delay = hours(1)}, {timeout}, false, {}, true},
      {"slow_loris", {.byte_interval = seconds(10)}, {timeout}, false, {}, true},
      {"pause", {.pause_at = 5, .pause = hours(1)}, {timeout}, false, {}, true},
      {"no_reply", {.no_reply = true}, {transient}, true},
      {"reset_at_0", {.reset_at = 0}, {transient}, true},
      {"reset_at_10", {.reset_at = 10}, {transient}, true},
      {"truncated", {.close_at = 10}, {transient}, true},
      {"overlong", {.surplus = 1000}, {transient, corrupt}, true},
      {"wrong_range", {.kind = FaultKind::wrong_range}, {corrupt}, true},
      {"whole_body", {.kind = FaultKind::whole_body}, {corrupt}, true},
      {"wrong_etag", {.kind = FaultKind::wrong_etag}, {corrupt}},
      {"flipped_byte", {.kind = FaultKind::flipped_byte}, {corrupt}},
      {"500", {.kind = FaultKind::internal_error}, {transient}, true},
      {"500_late", {.kind = FaultKind::internal_error, .takes_effect = true}, {transient}, true},
      {"503_slow_down", {.kind = FaultKind::slow_down}, {throttled}, true},
      {"503_retry_after", {.kind = FaultKind::slow_down, .retry_after = seconds(1)}, {throttled}, true},
      {"503_amz_retry_after", {.kind = FaultKind::slow_down, .x_amz_retry_after = seconds(1)}, {throttled}, true},
      {"503_unavailable", {.kind = FaultKind::service_unavailable}, {transient, throttled}, true},
      {"error_in_200", {.kind = FaultKind::error_in_success}, {transient, corrupt}, true, hollow},
      {"expired", {.kind = FaultKind::expired_token}, {denied}},  // the rig's keys are given: there are no others
      {"301_elsewhere", {.kind = FaultKind::wrong_region, .region = "eu-north-1"}, {denied}},
      {"307_elsewhere", {.kind = FaultKind::wrong_region, .status = 307, .region = "eu-north-1"}, {denied}},
      {"400_elsewhere", {.kind = FaultKind::wrong_region, .status = 400, .region = "eu-north-1"}, {denied}},
      {"clock_skew", {.kind = FaultKind::time_too_skewed}, {denied}, true, {Op::head}},
      {"denied", {.kind = FaultKind::access_denied}, {denied}},
      {"kms", {.kind = FaultKind::kms_disabled}, {denied}},
      {"412", {.kind = FaultKind::precondition_failed}, {precondition_failed}},
      {"409", {.kind = FaultKind::conditional_conflict}, {transient}, true},
      {"garbage_xml", {.kind = FaultKind::garbage_xml}, {corrupt}},
      {"empty", {.kind = FaultKind::empty_body}, {corrupt}},
  };
}

template <class T>
bool contains(const std::vector<T>& all, T wanted) {
  return std::ranges::find(all, wanted) != all.end();
}

class FaultMatrix : public testing::TestWithParam<MatrixRow> {
 protected:
  FaultMatrix() : on(rig_options(clock)) {
    for (const char* key : {"a", "b"}) EXPECT_TRUE(async::sync_wait(put_small(on.store(), key, body, {}, {})));
  }

  static S3RigOptions rig_options(FastClock& clock) {
    S3RigOptions options = on_fast_clock(clock);
    options.upload = {.multipart_from = 100'000, .part_size = 64 * KiB};
    options.attempts.backoff = {
        .transient_base = milliseconds(1), .throttled_base = milliseconds(1), .longest_over_computed = milliseconds(5)};
    return options;
  }

  /// Whether a call can be right although this operation of it is refused each time: uploads begin without the list of
  /// those begun before, a completion that is there is found, and DELETE has no answer but its status.
  static bool may_succeed(S3Operation operation) {
    const Fault& fault = GetParam().fault;
    if (fault.kind < FaultKind::slow_down || fault.kind > FaultKind::empty_body) return true;
    if (operation == S3Operation::remove) return fault.kind >= FaultKind::garbage_xml;
    return operation == S3Operation::list_uploads || operation == S3Operation::complete_upload;
  }

  /// Runs the call that has this operation in it; what it gave is checked where it is a success.
  std::optional<ErrorCode> call(S3Operation operation, RequestOptions options) {
    switch (operation) {
      case S3Operation::head: return head(options);
      case S3Operation::get: return get(options);
      case S3Operation::list: return list(options);
      case S3Operation::put: return put("new", body, options);
      case S3Operation::remove: return code_of(async::sync_wait(on.store().remove({.key = "b"}, options)));
      default: return put("large", large, options);
    }
  }

  std::optional<ErrorCode> head(RequestOptions options) {
    const auto info = async::sync_wait(on.store().head({.key = "a"}, options));
    if (info) EXPECT_EQ(info->size, body.size());
    return code_of(info);
  }
  std::optional<ErrorCode> get(RequestOptions options) {
    StringSink sink(1 * MiB);
    const auto info = async::sync_wait(on.store().get({.key = "a"}, ByteRange{100, 1000}, sink, options));
    // Bytes that came whole and wrong are for who knows the right ones: the reader checks each page's CRC32C.
    const bool unseen = GetParam().fault.kind == FaultKind::flipped_byte;
    if (info && !unseen) EXPECT_TRUE(sink.take() == body.substr(100, 1000));
    return code_of(info);
  }
  std::optional<ErrorCode> put(const std::string& key, const std::string& bytes, RequestOptions options) {
    const auto stored = async::sync_wait(put_small(on.store(), key, bytes, {}, options));
    if (stored) EXPECT_TRUE(on.fake.bucket().body_of(key) == bytes);
    return code_of(stored);
  }
  std::optional<ErrorCode> list(RequestOptions options) {
    const auto listed = async::sync_wait(on.store().list({.prefix = "a"}, options));
    if (listed) EXPECT_EQ(keys_of(*listed), std::vector<std::string>{"a"});
    return code_of(listed);
  }

  void fault(S3Operation operation, std::uint64_t times) {
    on.fake.add_rule({.operations = {operation}, .times = times, .fault = GetParam().fault});
    if (operation == S3Operation::abort_upload) {
      on.fake.add_rule({.operations = {S3Operation::upload_part}, .fault = {.kind = FaultKind::access_denied}});
    }
  }
  /// A tenth of a second for what never ends, else more than any machine needs.
  RequestOptions in_time() {
    return {.purpose = Purpose::publish,
            .deadline = on.clock().now() + (GetParam().endless ? milliseconds(100) * speed : hours(10))};
  }
  void expect_healthy(std::string_view after) {
    on.fake.clear_rules();
    for (const S3Operation operation : operations) {
      EXPECT_EQ(call(operation, {}), std::nullopt) << to_string(operation) << " after " << after;
    }
    EXPECT_TRUE(async::sync_wait(put_small(on.store(), "b", body, {}, {})));
    EXPECT_EQ(on.rig.metrics().gauge("seekfs_origin_inflight", "").value(), 0) << after;
    EXPECT_EQ(on.rig.gate().in_flight(), 0U) << after;
    while (on.fake.counters().in_flight > 0) std::this_thread::yield();  // the server sees that its peer left
  }

  static constexpr int speed = 100;
  FastClock clock{speed};
  const std::string body = patterned_body(30'000, 1);
  const std::string large = patterned_body(150'000, 2);
  FakeAndStore on;
};

TEST_P(FaultMatrix, AlwaysGivesTheRightBytesOrTheRightError) {
  for (const S3Operation operation : operations) {
    fault(operation, 1'000'000);
    const std::optional<ErrorCode> code = call(operation, in_time());
    std::vector<ErrorCode> right = GetParam().errors;
    // What failed is the part; whether it could be aborted is no news to the caller.
    if (operation == S3Operation::abort_upload) right.push_back(ErrorCode::denied);
    EXPECT_TRUE(code || may_succeed(operation)) << to_string(operation) << " was refused, and succeeded";
    if (code) {
      EXPECT_TRUE(contains(right, *code)) << to_string(operation) << " gave " << to_string(*code);
    }
    expect_healthy(to_string(operation));
  }
}

TEST_P(FaultMatrix, OnceIsMendedByAnotherTry) {
  for (const S3Operation operation : operations) {
    const bool mended =
        GetParam().passes && !contains(GetParam().not_mended, operation) && operation != S3Operation::abort_upload;
    if (!mended) continue;
    fault(operation, 1);
    EXPECT_EQ(call(operation, in_time()), std::nullopt) << to_string(operation);
    expect_healthy(to_string(operation));
  }
}

INSTANTIATE_TEST_SUITE_P(S3, FaultMatrix, testing::ValuesIn(matrix()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace seekfs::objectstore::s3
