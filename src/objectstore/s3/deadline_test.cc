// Requests that nothing else ends do end at their deadline, neither earlier nor later, by a clock that the test moves.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>

#include "async/promise.h"
#include "async/reactor.h"
#include "async/sync_wait.h"
#include "objectstore/s3/fake_and_store_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds allowed(10);  // less than every other limit of a request

/// One call on the store, and the request of it that never ends.
struct DeadlineRow {
  std::string name;
  S3Operation operation;
  Fault fault;
  std::function<Status(ObjectStore&, RequestOptions)> call;
};
void PrintTo(const DeadlineRow& row, std::ostream* out) { *out << row.name; }

template <class T>
Status status_of(const Result<T>& result) {
  return result ? Status() : Status(std::unexpected(result.error()));
}

Status get(ObjectStore& store, RequestOptions options) {
  StringSink sink(1 * MiB);
  return status_of(async::sync_wait(store.get({.key = "a"}, std::nullopt, sink, options)));
}
Status head(ObjectStore& store, RequestOptions options) {
  return status_of(async::sync_wait(store.head({.key = "a"}, options)));
}
Status list(ObjectStore& store, RequestOptions options) { return status_of(async::sync_wait(store.list({}, options))); }
Status remove(ObjectStore& store, RequestOptions options) {
  return async::sync_wait(store.remove({.key = "a"}, options));
}
Status put_at_once(ObjectStore& store, RequestOptions options) {
  return status_of(async::sync_wait(put_small(store, "new", patterned_body(1000, 1), {}, options)));
}
Status put_in_parts(ObjectStore& store, RequestOptions options) {
  return status_of(async::sync_wait(put_small(store, "new", patterned_body(60'000, 1), {}, options)));
}

std::vector<DeadlineRow> rows() {
  const Fault silent{.delay = hours(1)};
  const Fault stuck{.pause_at = 5, .pause = hours(1)};
  const Fault slow{.byte_interval = hours(1)};
  using Op = S3Operation;
  return {{"head", Op::head, silent, head},
          {"get", Op::get, silent, get},
          {"get_stuck", Op::get, stuck, get},
          {"get_slow", Op::get, slow, get},
          {"list", Op::list, silent, list},
          {"list_stuck", Op::list, stuck, list},
          {"put", Op::put, silent, put_at_once},
          {"list_uploads", Op::list_uploads, silent, put_in_parts},
          {"create_upload", Op::create_upload, silent, put_in_parts},
          {"upload_part", Op::upload_part, silent, put_in_parts},
          {"complete_upload", Op::complete_upload, silent, put_in_parts},
          {"remove", Op::remove, silent, remove}};
}

class Deadline : public testing::TestWithParam<DeadlineRow> {
 protected:
  static S3RigOptions on(env::Clock& clock) {
    S3RigOptions options = in_small_parts();
    options.clock = &clock;
    return options;
  }
  /// The clock stands still, and a signature of its time would be refused.
  static FakeS3Options unsigned_bucket() {
    FakeS3Options options;
    options.min_part_size = 0;
    return options;
  }
  std::size_t asked() const {
    const FakeS3Counters counters = on_.fake.counters();
    const auto found = counters.by_operation.find(GetParam().operation);
    return found == counters.by_operation.end() ? 0 : found->second;
  }

  env::ManualClock clock_;
  FakeAndStore on_{on(clock_), unsigned_bucket()};
};

TEST_P(Deadline, EndsWhatNeverWould) {
  on_.fake.bucket().put("a", patterned_body(30'000, 1));
  on_.fake.add_rule({.operations = {GetParam().operation}, .fault = GetParam().fault});
  const async::Promise<void> answer;
  const RequestOptions options{.purpose = Purpose::publish, .deadline = clock_.now() + allowed};
  std::jthread caller([&] { answer.set(GetParam().call(on_.store(), options)); });
  while (asked() == 0) std::this_thread::yield();
  clock_.advance(allowed - milliseconds(1));
  EXPECT_FALSE(answer.ready());
  clock_.advance(milliseconds(1));
  const Status status = async::sync_wait(answer.wait());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::timeout) << status.error().message;
}

INSTANTIATE_TEST_SUITE_P(S3, Deadline, testing::ValuesIn(rows()), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace seekfs::objectstore::s3
