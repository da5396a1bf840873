// Ranges side by side: all bytes in order, no more memory than allowed, and what ends when one of them fails.
#include "publish/ranged_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "async/sync_wait.h"
#include "manifest/manifest_testing.h"
#include "objectstore/mem_store.h"
#include "publish/in_flight.h"
#include "publish/publish_testing.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using objectstore::ByteRange;
using objectstore::ObjectInfo;
using ::testing::HasSubstr;

constexpr std::uint64_t range_bytes = 1000;

/// Counts the GETs under way. Holds each back until `gather` of them are there at once; then lets all go on, through
/// `intercept` where a test has set it. For one thread.
class GatheringStore final : public StoreAround {
 public:
  using StoreAround::StoreAround;

  async::Task<ObjectInfo> get(objectstore::ObjectRef object, std::optional<ByteRange> range,
                              objectstore::BodySink& sink, objectstore::RequestOptions options) override {
    const std::size_t number = started++;
    in_flight += 1;
    peak = std::max(peak, in_flight);
    bytes_in_flight += range->len;
    peak_bytes = std::max(peak_bytes, bytes_in_flight);
    if (gather > 0) co_await wait_for_others();
    Status gone_on = intercept ? intercept(number) : Status();
    Result<ObjectInfo> info = gone_on ? co_await StoreAround::get(std::move(object), range, sink, options)
                                      : std::unexpected<Error>(std::move(gone_on).error());
    in_flight -= 1;
    bytes_in_flight -= range->len;
    co_return info;
  }

  std::size_t gather = 0;
  std::function<Status(std::size_t number)> intercept;
  std::size_t started = 0;
  std::size_t in_flight = 0;
  std::size_t peak = 0;
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t peak_bytes = 0;

 private:
  async::Task<void> wait_for_others() {
    const async::Promise<void> all_here;
    waiting_.push_back(all_here);
    if (waiting_.size() == gather) {
      gather = 0;
      for (const async::Promise<void>& one : std::exchange(waiting_, {})) one.set({});
    }
    co_return co_await all_here.wait();
  }

  std::vector<async::Promise<void>> waiting_;
};

class RangedReaderTest : public ::testing::Test {
 protected:
  void put(const std::string& key, const std::string& body) {
    const auto reply = put_text(*mem_, key, body);
    ASSERT_TRUE(reply);
    etags_[key] = reply->etag;
  }
  async::Task<ObjectInfo> read_task(RangedReader& reader, const std::string& key, std::uint64_t size,
                                    std::string& out) {
    return reader.read({.key = key, .if_match = etags_[key], .version_id = {}}, {.off = 0, .len = size},
                       [&out](std::span<const std::byte> bytes) {
                         out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                       });
  }
  Result<ObjectInfo> read(RangedReader& reader, const std::string& key, std::uint64_t size, std::string& out) {
    return async::sync_wait(read_task(reader, key, size, out));
  }
  RangedReader reader(std::uint64_t ranges) {
    return {store_, bench_.pool(), {.range_bytes = range_bytes, .memory = ranges * range_bytes}};
  }
  static std::string content(std::uint64_t size) { return manifest::oracle_content("demo", "object", 1, size); }

  Workbench bench_;
  std::unique_ptr<objectstore::ObjectStore> mem_ = objectstore::make_mem_store(bench_.clock());
  GatheringStore store_{*mem_};
  std::map<std::string, std::string> etags_;
};

TEST_F(RangedReaderTest, AllBytesArriveInOrderWhateverTheSize) {
  RangedReader ranged = reader(3);
  for (const std::uint64_t size : {0U, 1U, 999U, 1000U, 1001U, 12345U}) {
    put("object", content(size));
    std::string out;
    const auto info = read(ranged, "object", size, out);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->size, size);
    EXPECT_EQ(out, content(size));
  }
}

TEST_F(RangedReaderTest, AsManyRangesAsMemoryHoldsAreUnderWayAtOnce) {
  put("object", content(10 * range_bytes));
  RangedReader ranged = reader(4);
  store_.gather = 4;  // fewer than four at once would wait for ever
  std::string out;
  ASSERT_TRUE(read(ranged, "object", 10 * range_bytes, out));
  EXPECT_EQ(out, content(10 * range_bytes));
  EXPECT_EQ(store_.started, 10U);
  EXPECT_EQ(store_.peak, 4U);
}

TEST_F(RangedReaderTest, ObjectsShareTheMemoryAndNoneIsForgotten) {
  constexpr std::size_t objects = 6;
  for (std::size_t i = 0; i < objects; ++i) put("object-" + std::to_string(i), content(5 * range_bytes + i));
  RangedReader ranged = reader(3);
  store_.gather = 3;
  std::vector<std::string> out(objects);
  ASSERT_TRUE(for_each_in_flight(objects, objects, [&](std::size_t i) -> async::Task<void> {
    SEEKFS_CO_TRY(co_await read_task(ranged, "object-" + std::to_string(i), 5 * range_bytes + i, out[i]));
    co_return Status();
  }));
  for (std::size_t i = 0; i < objects; ++i) EXPECT_EQ(out[i], content(5 * range_bytes + i));
  EXPECT_EQ(store_.peak_bytes, 3 * range_bytes);
}

TEST_F(RangedReaderTest, ARangeLargerThanTheMemoryIsReadAlone) {
  put("object", content(3 * range_bytes));
  RangedReader ranged(store_, bench_.pool(), {.range_bytes = range_bytes, .memory = 10});
  std::string out;
  ASSERT_TRUE(read(ranged, "object", 3 * range_bytes, out));
  EXPECT_EQ(out, content(3 * range_bytes));
  EXPECT_EQ(store_.peak, 1U);
}

TEST_F(RangedReaderTest, TheErrorOfOneRangeEndsTheOthersAndLeavesNothingUnderWay) {
  put("object", content(8 * range_bytes));
  RangedReader ranged = reader(4);
  store_.gather = 4;
  store_.intercept = [](std::size_t number) {
    return number == 1 ? Status(fail(ErrorCode::denied, "the second is refused")) : Status();
  };
  std::string out;
  const auto info = read(ranged, "object", 8 * range_bytes, out);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().message, "the second is refused");
  EXPECT_EQ(out, content(range_bytes));
  EXPECT_EQ(store_.in_flight, 0U);
  EXPECT_LE(store_.started, 5U);  // the window moved on by one range, and then no more

  // All of the memory is there again: four at once.
  store_.intercept = nullptr;
  store_.gather = 4;
  out.clear();
  ASSERT_TRUE(read(ranged, "object", 8 * range_bytes, out));
  EXPECT_EQ(out, content(8 * range_bytes));
}

TEST_F(RangedReaderTest, AChangeInTheMiddleIsFoundByTheCondition) {
  put("object", content(8 * range_bytes));
  RangedReader ranged = reader(2);
  store_.intercept = [this](std::size_t number) {
    if (number == 3) EXPECT_TRUE(put_text(*mem_, "object", std::string(8 * range_bytes, 'x')));
    return Status();
  };
  std::string out;
  const auto info = read(ranged, "object", 8 * range_bytes, out);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::precondition_failed);
  EXPECT_EQ(out, content(3 * range_bytes));
}

TEST_F(RangedReaderTest, AStoreThatIgnoresTheConditionIsFoundByWhatItSays) {
  put("object", content(4 * range_bytes));
  RangedReader ranged = reader(1);
  store_.intercept = [this](std::size_t number) {
    if (number == 2) EXPECT_TRUE(put_text(*mem_, "object", std::string(4 * range_bytes, 'x')));
    return Status();
  };
  std::string out;
  const auto info =
      async::sync_wait(ranged.read({.key = "object", .if_match = {}, .version_id = {}},
                                   {.off = 0, .len = 4 * range_bytes}, [](std::span<const std::byte>) {}));
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::source_changed);
  EXPECT_THAT(info.error().message, HasSubstr("'object'"));
}

TEST_F(RangedReaderTest, ABodyThatEndsEarlyIsNoObject) {
  put("object", content(range_bytes + 10));
  RangedReader ranged = reader(2);
  std::string out;
  const auto info = read(ranged, "object", range_bytes + 11, out);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::invalid);
  EXPECT_EQ(info.error().message, "object 'object' ends after 1010 bytes, and 1011 are wanted");
}

TEST_F(RangedReaderTest, StoppingEndsAllReads) {
  put("object", content(8 * range_bytes));
  RangedReader ranged = reader(2);
  store_.intercept = [&ranged](std::size_t number) {
    if (number == 3) ranged.stop();
    return Status();
  };
  std::string out;
  const auto info = read(ranged, "object", 8 * range_bytes, out);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::cancelled);
  EXPECT_EQ(store_.in_flight, 0U);
  EXPECT_LE(store_.started, 5U);
}

TEST_F(RangedReaderTest, ReadsThatWaitForMemoryAskForNothingAfterAStop) {
  constexpr std::size_t objects = 6;
  for (std::size_t i = 0; i < objects; ++i) put("object-" + std::to_string(i), content(range_bytes));
  RangedReader ranged = reader(1);
  store_.intercept = [&ranged](std::size_t) {
    ranged.stop();
    return Status();
  };
  std::vector<std::string> out(objects);
  std::vector<ErrorCode> codes;
  ASSERT_TRUE(for_each_in_flight(objects, objects, [&](std::size_t i) -> async::Task<void> {
    const auto info = co_await read_task(ranged, "object-" + std::to_string(i), range_bytes, out[i]);
    if (!info) codes.push_back(info.error().code);
    co_return Status();
  }));
  EXPECT_EQ(codes, std::vector<ErrorCode>(objects, ErrorCode::cancelled));
  EXPECT_EQ(store_.started, 1U);
}

}  // namespace
}  // namespace seekfs::publish
