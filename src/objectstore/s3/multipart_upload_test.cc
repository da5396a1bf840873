// Uploads in parts: which ones go on, which ones are left alone, and what is done when one breaks or is ended by
// others.
#include "objectstore/s3/multipart_upload.h"

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "async/sync_wait.h"
#include "objectstore/s3/fake_and_store_testing.h"
#include "objectstore/s3/part_layout.h"

namespace seekfs::objectstore::s3 {
namespace {

class MultipartUpload : public testing::Test {
 protected:
  Result<PutReply> put(PutOptions conditions = {}) {
    return async::sync_wait(put_small(on.store(), "large", body, std::move(conditions), {}));
  }
  void fault(S3Operation operation, Fault what, std::uint64_t from = 1, std::uint64_t times = 1'000) {
    on.fake.add_rule({.operations = {operation}, .from = from, .times = times, .fault = what});
  }
  /// Leaves an upload behind, as a crash does; returns how many parts it has.
  std::size_t leave_broken() {
    fault(S3Operation::upload_part, {.kind = FaultKind::internal_error}, 4);
    EXPECT_EQ(code_of(put()), ErrorCode::transient);
    on.fake.clear_rules();
    on.fake.reset_record();
    EXPECT_EQ(on.fake.bucket().open_uploads().size(), 1U);
    return on.fake.bucket().open_uploads().front().parts.size();
  }
  void let_pass(std::chrono::minutes time) { on.fake.set_clock_offset(time); }
  /// Of warnings; the errors of attempts are told apart.
  int times_logged(std::string_view part) const {
    const std::string text = on.rig.log().text();
    int times = 0;
    for (std::size_t at = text.find("warning"); at != std::string::npos; at = text.find("warning", at + 1)) {
      const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
      if (line.contains(part)) ++times;
    }
    return times;
  }
  std::uint64_t sent(S3Operation operation) { return on.fake.counters().by_operation[operation]; }

  const std::string body = patterned_body(5 * MiB + 17, 3);
  FakeAndStore on{in_small_parts()};
};

TEST_F(MultipartUpload, OneThatWasLeftAloneGoesOnWithTheSameParts) {
  const std::size_t kept = leave_broken();
  EXPECT_GT(kept, 0U);
  let_pass(std::chrono::minutes(31));
  ASSERT_TRUE(put());
  EXPECT_EQ(sent(S3Operation::upload_part), 6 - kept);
  EXPECT_EQ(sent(S3Operation::create_upload), 0U);
  EXPECT_TRUE(on.fake.bucket().body_of("large") == body);
  EXPECT_TRUE(on.fake.bucket().open_uploads().empty());
}

TEST_F(MultipartUpload, OneThatSomebodyMayBeAtIsLeftAlone) {
  const std::size_t kept = leave_broken();
  let_pass(std::chrono::minutes(29));
  ASSERT_TRUE(put());
  EXPECT_EQ(sent(S3Operation::upload_part), 6U);
  EXPECT_TRUE(on.fake.bucket().body_of("large") == body);
  ASSERT_EQ(on.fake.bucket().open_uploads().size(), 1U) << "another's upload is neither completed nor aborted";
  EXPECT_EQ(on.fake.bucket().open_uploads().front().parts.size(), kept);
}

TEST_F(MultipartUpload, APartThatCameLatelyShowsThatSomebodyIsAtIt) {
  leave_broken();
  let_pass(std::chrono::minutes(31));
  const std::string id = on.fake.bucket().open_uploads().front().upload_id;
  ASSERT_TRUE(on.fake.bucket().upload_part("large", id, 6, body.substr(5 * MiB)));
  ASSERT_TRUE(put());
  EXPECT_EQ(sent(S3Operation::create_upload), 1U);
  EXPECT_EQ(on.fake.bucket().open_uploads().size(), 1U);
}

TEST_F(MultipartUpload, PartsThatLieElsewhereAreAnothersUpload) {
  const std::string id = on.fake.bucket().create_upload("large");
  ASSERT_TRUE(on.fake.bucket().upload_part("large", id, 1, body.substr(0, 2 * MiB)));
  let_pass(std::chrono::minutes(31));
  ASSERT_TRUE(put());
  EXPECT_EQ(sent(S3Operation::create_upload), 1U);
  EXPECT_TRUE(on.fake.bucket().body_of("large") == body);
}

TEST_F(MultipartUpload, PartsWithOtherBytesAreSentAgain) {
  const std::string id = on.fake.bucket().create_upload("large");
  ASSERT_TRUE(on.fake.bucket().upload_part("large", id, 1, std::string(1 * MiB, 'x')));
  ASSERT_TRUE(on.fake.bucket().upload_part("large", id, 2, body.substr(1 * MiB, 1 * MiB)));
  let_pass(std::chrono::minutes(31));
  ASSERT_TRUE(put());
  EXPECT_EQ(sent(S3Operation::upload_part), 5U);
  EXPECT_TRUE(on.fake.bucket().body_of("large") == body);
  EXPECT_TRUE(on.fake.bucket().open_uploads().empty());
}

TEST_F(MultipartUpload, OneThatIsEndedByOthersIsBegunAnewOnce) {
  std::atomic<bool> ended = false;
  FakeS3Options server = signed_bucket();
  FakeAndStore* fake = nullptr;
  server.before = [&](const ServedRequest& request) -> std::optional<ServedReply> {
    if (!request.target.contains("partNumber=6") || ended.exchange(true)) return std::nullopt;
    for (const FakeUpload& upload : fake->fake.bucket().open_uploads()) {
      EXPECT_TRUE(fake->fake.bucket().abort_upload(upload.key, upload.upload_id));
    }
    return std::nullopt;
  };
  FakeAndStore disturbed(in_small_parts(), server);
  fake = &disturbed;
  ASSERT_TRUE(async::sync_wait(put_small(disturbed.store(), "large", body, {}, {})));
  EXPECT_TRUE(ended);
  EXPECT_EQ(disturbed.fake.counters().by_operation[S3Operation::create_upload], 2U);
  EXPECT_TRUE(disturbed.fake.bucket().body_of("large") == body);
  EXPECT_TRUE(disturbed.fake.bucket().open_uploads().empty());
}

TEST_F(MultipartUpload, OneThatIsEndedAgainAndAgainIsAnError) {
  FakeS3Options server = signed_bucket();
  FakeAndStore* fake = nullptr;
  server.before = [&](const ServedRequest& request) -> std::optional<ServedReply> {
    if (!request.target.contains("partNumber=6")) return std::nullopt;
    for (const FakeUpload& upload : fake->fake.bucket().open_uploads()) {
      static_cast<void>(fake->fake.bucket().abort_upload(upload.key, upload.upload_id));
    }
    return std::nullopt;
  };
  FakeAndStore disturbed(in_small_parts(), server);
  fake = &disturbed;
  EXPECT_EQ(code_of(async::sync_wait(put_small(disturbed.store(), "large", body, {}, {}))), ErrorCode::transient);
  EXPECT_EQ(disturbed.fake.counters().by_operation[S3Operation::create_upload], 2U);
}

TEST_F(MultipartUpload, ACompletionWhoseAnswerIsLostIsFound) {
  fault(S3Operation::complete_upload, {.kind = FaultKind::internal_error, .takes_effect = true}, 1, 1);
  const auto stored = put({.if_none_match = true});
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(sent(S3Operation::complete_upload), 2U);
  EXPECT_EQ(sent(S3Operation::create_upload), 1U);
  const auto object = on.fake.bucket().find("large");
  ASSERT_TRUE(object);
  EXPECT_EQ(stored->etag, object->etag);
  EXPECT_TRUE(*object->body == body);
}

TEST_F(MultipartUpload, AnotherObjectThanTheOneThatWasCompletedIsNotTakenForIt) {
  // Completed, unheard, and at once replaced by somebody else.
  fault(S3Operation::complete_upload, {.kind = FaultKind::internal_error, .takes_effect = true}, 1, 1);
  fault(S3Operation::head, {.kind = FaultKind::wrong_etag});
  const auto stored = put({.if_none_match = true});
  EXPECT_EQ(code_of(stored), ErrorCode::precondition_failed) << "the second round finds the first one's object";
}

TEST_F(MultipartUpload, OneThatCannotSucceedIsAborted) {
  fault(S3Operation::upload_part, {.kind = FaultKind::access_denied}, 2);
  EXPECT_EQ(code_of(put()), ErrorCode::denied);
  EXPECT_TRUE(on.fake.bucket().open_uploads().empty());
  EXPECT_EQ(on.fake.bucket().body_of("large"), std::nullopt);
}

TEST_F(MultipartUpload, OneThatWasNotBegunHereIsNotAborted) {
  leave_broken();
  let_pass(std::chrono::minutes(31));
  fault(S3Operation::upload_part, {.kind = FaultKind::access_denied});
  EXPECT_EQ(code_of(put()), ErrorCode::denied);
  EXPECT_EQ(on.fake.bucket().open_uploads().size(), 1U);
  EXPECT_EQ(sent(S3Operation::abort_upload), 0U);
}

TEST_F(MultipartUpload, AnAbortThatFailsHidesNoError) {
  fault(S3Operation::upload_part, {.kind = FaultKind::kms_disabled});
  fault(S3Operation::abort_upload, {.kind = FaultKind::access_denied});
  const auto refused = put();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("KMS.DisabledException"), std::string::npos) << refused.error().message;
}

TEST_F(MultipartUpload, AStoreThatListsNoUploadsTakesThem) {
  fault(S3Operation::list_uploads, {.kind = FaultKind::access_denied});
  ASSERT_TRUE(put());
  ASSERT_TRUE(put());
  EXPECT_TRUE(on.fake.bucket().body_of("large") == body);
  EXPECT_EQ(times_logged("can't be looked for"), 1);
  EXPECT_EQ(times_logged("AccessDenied"), 1) << on.rig.log().text();
  EXPECT_EQ(times_logged("allow s3:ListBucketMultipartUploads, and have the bucket's lifecycle rule"), 1);
}

TEST_F(MultipartUpload, ThatThePartsOfOneMayNotBeListedIsTold) {
  leave_broken();
  let_pass(std::chrono::minutes(31));
  fault(S3Operation::list_parts, {.kind = FaultKind::access_denied});
  ASSERT_TRUE(put());
  EXPECT_TRUE(on.fake.bucket().body_of("large") == body);
  EXPECT_EQ(times_logged("allow s3:ListMultipartUploadParts, and"), 1) << on.rig.log().text();
}

TEST_F(MultipartUpload, OtherErrorsThanDenialsCallForNoPermission) {
  fault(S3Operation::list_uploads, {.kind = FaultKind::internal_error});
  ASSERT_TRUE(put());
  EXPECT_EQ(times_logged("can't be looked for"), 1);
  EXPECT_EQ(times_logged("allow s3:"), 0);
}

/// How many parts a server has in its hands. `hold`: what it does with a part before it answers.
struct PartsAtOnce {
  FakeS3Options server(std::function<void(const ServedRequest&)> hold) {
    FakeS3Options options = signed_bucket();
    options.before = [this, hold = std::move(hold)](const ServedRequest& request) -> std::optional<ServedReply> {
      if (!request.target.contains("partNumber=")) return std::nullopt;
      const int at_once = ++present;
      int known = most.load();
      while (known < at_once && !most.compare_exchange_weak(known, at_once)) {
      }
      hold(request);
      --present;
      return std::nullopt;
    };
    return options;
  }

  std::atomic<int> present = 0;
  std::atomic<int> most = 0;
};

S3RigOptions with_permits(std::uint64_t max_in_flight) {
  S3RigOptions options = in_small_parts();
  options.gate.max_in_flight = max_in_flight;
  return options;
}

TEST_F(MultipartUpload, UnderOnePermitPartsGoOneByOneAndEveryRequestAsksTheGate) {
  PartsAtOnce parts;
  // Long enough for a second part to come, if one were sent.
  FakeAndStore one(with_permits(1),
                   parts.server([](const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }));
  const auto budgeted = make_budgeted_store(one.store(), one.rig.gate());
  ASSERT_TRUE(async::sync_wait(put_small(*budgeted, "large", body, {}, {})));
  EXPECT_EQ(parts.most, 1);
  EXPECT_EQ(one.fake.counters().total, 9U) << "look, begin, six parts, complete";
  EXPECT_EQ(one.rig.passed_the_gate(), 9U);
  EXPECT_EQ(one.rig.gate().in_flight(), 0U);
  EXPECT_TRUE(one.fake.bucket().body_of("large") == body);
}

TEST_F(MultipartUpload, PartsGoSideBySideAsFarAsPermitsGo) {
  PartsAtOnce parts;
  std::latch both(2);
  FakeAndStore two(with_permits(2), parts.server([&both](const ServedRequest& request) {
    const bool is_early = request.target.contains("partNumber=1&") || request.target.contains("partNumber=2&");
    if (is_early) both.arrive_and_wait();
  }));
  const auto budgeted = make_budgeted_store(two.store(), two.rig.gate());
  ASSERT_TRUE(async::sync_wait(put_small(*budgeted, "large", body, {}, {})));
  EXPECT_EQ(parts.most, 2);
  EXPECT_EQ(two.rig.gate().in_flight(), 0U);
}

TEST_F(MultipartUpload, UploadsDoNotWaitForEachOthersPermits) {
  FakeAndStore two(with_permits(2));
  const auto budgeted = make_budgeted_store(two.store(), two.rig.gate());
  std::vector<std::jthread> publishers;
  publishers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    publishers.emplace_back(
        [&, i] { EXPECT_TRUE(async::sync_wait(put_small(*budgeted, "large " + std::to_string(i), body, {}, {}))); });
  }
  publishers.clear();
  EXPECT_EQ(two.rig.gate().in_flight(), 0U);
}

TEST(PartLayout, CoversTheBodyWithNoMoreThanTenThousandParts) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, 1 * MiB, 1 * MiB + 1, 10'000 * MiB, 10'000 * MiB + 1, 5 * 1024 * GiB}) {
    const PartLayout layout(size, 1 * MiB);
    EXPECT_LE(layout.count(), 10'000U);
    EXPECT_EQ(layout.range_of(1).off, 0U);
    const ByteRange last = layout.range_of(layout.count());
    EXPECT_EQ(last.off + last.len, size);
    EXPECT_LE(last.len, layout.part_size());
  }
}

}  // namespace
}  // namespace seekfs::objectstore::s3
