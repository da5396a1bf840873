// The contract's tests of single operations, and what all of the suite uses.
#include "objectstore/object_store_contract_testing.h"

#include <algorithm>
#include <utility>

#include "base/units.h"

namespace seekfs::objectstore {

void PrintTo(const StoreMaker& maker, std::ostream* out) { *out << maker.name; }
std::string name_of_maker(const testing::TestParamInfo<StoreMaker>& info) { return info.param.name; }

void ObjectStoreContract::SetUp() {
  link_list_contract();
  link_concurrency_contract();
  under_test_ = GetParam().make();
}

Result<PutReply> ObjectStoreContract::put(const std::string& key, std::string body, PutOptions conditions) {
  return async::sync_wait(put_small(store(), key, std::move(body), std::move(conditions), {}));
}

Result<std::string> ObjectStoreContract::read(ObjectRef object, std::optional<ByteRange> range) {
  StringSink sink(64 * MiB);
  SEEKFS_TRY(async::sync_wait(store().get(std::move(object), range, sink, {})));
  return sink.take();
}

Result<ObjectInfo> ObjectStoreContract::head(ObjectRef object) {
  return async::sync_wait(store().head(std::move(object), {}));
}

Status ObjectStoreContract::remove(ObjectRef object) { return async::sync_wait(store().remove(std::move(object), {})); }

Result<ListReply> ObjectStoreContract::list(ListRequest request) {
  return async::sync_wait(store().list(std::move(request), {}));
}

ListReply ObjectStoreContract::list_all(ListRequest request) {
  ListReply all;
  for (int page = 0; page < 10'000; ++page) {
    Result<ListReply> reply = list(request);
    if (!reply) {
      ADD_FAILURE() << reply.error().message;
      return all;
    }
    EXPECT_LE(reply->objects.size() + reply->common_prefixes.size(), request.max_keys);
    std::ranges::move(reply->objects, std::back_inserter(all.objects));
    std::ranges::move(reply->common_prefixes, std::back_inserter(all.common_prefixes));
    if (!reply->next_start_after) return all;
    EXPECT_GT(*reply->next_start_after, request.start_after);
    request.start_after = *reply->next_start_after;
  }
  ADD_FAILURE() << "the listing has no end";
  return all;
}

void ObjectStoreContract::put_all(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const Result<PutReply> reply = put(key, "body of " + key);
    ASSERT_TRUE(reply) << reply.error().message;
  }
}

std::vector<std::string> keys_of(const ListReply& reply) {
  std::vector<std::string> keys;
  for (const ObjectInfo& object : reply.objects) keys.push_back(object.key);
  return keys;
}

std::string patterned_body(std::size_t size, unsigned seed) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>((i * 31 + (i >> 8) * 7 + seed * 101) & 0xFF);
  return body;
}

std::span<std::byte> LimitedSink::prepare() {
  return std::span(piece_).first(std::min(piece_.size(), wanted_ - body_.size()));
}

void LimitedSink::commit(std::size_t count) { body_.append(reinterpret_cast<const char*>(piece_.data()), count); }

namespace {

TEST_P(ObjectStoreContract, ReturnsWhatWasPut) {
  for (const std::size_t size : {0UL, 1UL, 4096UL, 65535UL, 65536UL, 65537UL, 1'000'003UL}) {
    const std::string key = "sizes/" + std::to_string(size);
    const std::string body = patterned_body(size, 1);
    const Result<PutReply> reply = put(key, body);
    ASSERT_TRUE(reply) << reply.error().message;
    const Result<std::string> got = read({.key = key});
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(*got == body) << size;
    const Result<ObjectInfo> info = head({.key = key});
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->key, key);
    EXPECT_EQ(info->size, size);
    EXPECT_EQ(info->etag, reply->etag);
    EXPECT_TRUE(info->etag.size() > 2 && info->etag.starts_with('"') && info->etag.ends_with('"')) << info->etag;
  }
}

TEST_P(ObjectStoreContract, GetTellsTheSameAsHead) {
  ASSERT_TRUE(put("a", patterned_body(100'000, 2)));
  StringSink sink(1 * MiB);
  const Result<ObjectInfo> from_get = async::sync_wait(store().get({.key = "a"}, ByteRange{5, 10}, sink, {}));
  const Result<ObjectInfo> from_head = head({.key = "a"});
  ASSERT_TRUE(from_get && from_head);
  EXPECT_EQ(from_get->key, from_head->key);
  EXPECT_EQ(from_get->size, 100'000U);
  EXPECT_EQ(from_get->etag, from_head->etag);
  EXPECT_EQ(from_get->modified, from_head->modified);
}

TEST_P(ObjectStoreContract, AnAbsentObjectIsNotFound) {
  ASSERT_TRUE(put("dir/object", "x"));
  for (const std::string key : {"absent", "dir/absent", "dir", "dir/object/below", "absent/below/below"}) {
    EXPECT_EQ(code_of(head({.key = key})), ErrorCode::not_found) << key;
    EXPECT_EQ(code_of(read({.key = key})), ErrorCode::not_found) << key;
    EXPECT_EQ(code_of(read({.key = key}, ByteRange{0, 1})), ErrorCode::not_found) << key;
    EXPECT_EQ(code_of(read({.key = key, .if_match = "\"x\""})), ErrorCode::not_found) << key;
    EXPECT_EQ(code_of(remove({.key = key})), std::nullopt) << key;
  }
  EXPECT_TRUE(head({.key = "dir/object"}));
}

TEST_P(ObjectStoreContract, RangesAreCutAtTheEnd) {
  for (const std::size_t size : {1UL, 10UL, 65536UL, 200'000UL}) {
    const std::string body = patterned_body(size, 3);
    ASSERT_TRUE(put("r", body));
    for (const std::uint64_t off : {0UL, 1UL, size / 2, size - 1, size, size + 1, ~0UL}) {
      for (const std::uint64_t len : {1UL, 2UL, size - 1, size, size + 1, ~0UL}) {
        const Result<std::string> got = read({.key = "r"}, ByteRange{off, len});
        if (off >= size || len == 0) {
          EXPECT_EQ(code_of(got), ErrorCode::invalid) << size << " " << off << " " << len;
        } else {
          ASSERT_TRUE(got) << got.error().message;
          EXPECT_TRUE(*got == body.substr(off, len)) << size << " " << off << " " << len;
        }
      }
    }
  }
}

TEST_P(ObjectStoreContract, AnEmptyObjectHasNoRanges) {
  ASSERT_TRUE(put("empty", ""));
  EXPECT_EQ(read({.key = "empty"}).value_or("error"), "");
  EXPECT_EQ(code_of(read({.key = "empty"}, ByteRange{0, 1})), ErrorCode::invalid);
  EXPECT_EQ(code_of(read({.key = "empty"}, ByteRange{0, 0})), ErrorCode::invalid);
}

TEST_P(ObjectStoreContract, IfMatchPinsAState) {
  for (const std::size_t size : {10UL, 100'000UL}) {
    const std::string old_body = patterned_body(size, 4);
    const Result<PutReply> old_state = put("pinned", old_body);
    ASSERT_TRUE(old_state);
    const ObjectRef pinned{.key = "pinned", .if_match = old_state->etag};
    EXPECT_TRUE(read(pinned) == old_body);
    EXPECT_TRUE(head(pinned));

    const Result<PutReply> new_state = put("pinned", patterned_body(size, 5));
    ASSERT_TRUE(new_state);
    EXPECT_NE(new_state->etag, old_state->etag);
    EXPECT_EQ(code_of(read(pinned)), ErrorCode::precondition_failed);
    EXPECT_EQ(code_of(read(pinned, ByteRange{0, 1})), ErrorCode::precondition_failed);
    EXPECT_EQ(code_of(head(pinned)), ErrorCode::precondition_failed);
    EXPECT_TRUE(read({.key = "pinned", .if_match = new_state->etag}));
  }
}

TEST_P(ObjectStoreContract, IfNoneMatchCreatesOnlyOnce) {
  ASSERT_TRUE(put("claim", "first", {.if_none_match = true}));
  EXPECT_EQ(code_of(put("claim", "second", {.if_none_match = true})), ErrorCode::precondition_failed);
  EXPECT_EQ(code_of(put("claim", "first", {.if_none_match = true})), ErrorCode::precondition_failed);
  EXPECT_EQ(read({.key = "claim"}).value_or("error"), "first");
  ASSERT_TRUE(remove({.key = "claim"}));
  EXPECT_TRUE(put("claim", "third", {.if_none_match = true}));
  EXPECT_EQ(read({.key = "claim"}).value_or("error"), "third");
}

TEST_P(ObjectStoreContract, IfMatchReplacesOnlyThatState) {
  EXPECT_EQ(code_of(put("swap", "x", {.if_match = "\"none\""})), ErrorCode::not_found);
  EXPECT_EQ(code_of(head({.key = "swap"})), ErrorCode::not_found);
  std::string etag = put("swap", "0")->etag;
  for (int i = 1; i < 5; ++i) {
    const Result<PutReply> reply = put("swap", patterned_body(i % 2 == 0 ? 10 : 70'000, 6), {.if_match = etag});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(code_of(put("swap", "lost", {.if_match = etag})), ErrorCode::precondition_failed);
    etag = reply->etag;
    EXPECT_EQ(head({.key = "swap"})->etag, etag);
  }
  EXPECT_EQ(code_of(put("swap", "x", {.if_none_match = true, .if_match = etag})), ErrorCode::invalid);
}

TEST_P(ObjectStoreContract, RemoveIsIdempotent) {
  const std::string etag = put("a/b/c", "x")->etag;
  EXPECT_EQ(code_of(remove({.key = "a/b/c", .if_match = "\"other\""})), ErrorCode::precondition_failed);
  EXPECT_TRUE(head({.key = "a/b/c"}));
  EXPECT_TRUE(remove({.key = "a/b/c", .if_match = etag}));
  EXPECT_EQ(code_of(head({.key = "a/b/c"})), ErrorCode::not_found);
  EXPECT_TRUE(remove({.key = "a/b/c"}));
  EXPECT_TRUE(remove({.key = "a/b/c", .if_match = etag}));
  // What remains of its directories is in nobody's way.
  EXPECT_TRUE(put("a/b", "now an object"));
}

TEST_P(ObjectStoreContract, KeysRoundTripOrAreRefused) {
  const std::vector<std::string> keys = {
      "plain", "with space", " leading and trailing ", "per%20cent", "%2e%2e/x", "plus+plus", "tilde~", "semi;colon",
      "q?a=b&c", "hash#", "back\\slash", "quote\"quote'", "star*", "[brackets]", "{braces}", "new\nline", "tab\t",
      "\x01\x7f", "\xC3\xA9", "e\xCC\x81", "\xE6\x97\xA5\xE6\x9C\xAC/\xE8\xAA\x9E", "\xF0\x9F\x93\xA6", "...", "..a",
      "a..", "a/...", ".hidden", ".seekfs2", "x/.seekfs/y", "-dash", "UPPER", "upper", "a.b", "a/b.c/d-e_f",
      std::string(255, 's'), "not utf8 \xFF\xFE",
      // Many stores refuse these.
      "", ".", "..", "/", "//", "a/", "/a", "a//b", "./a", "a/.", "a/./b", "../a", "a/..", "a/../b", "a/../../b",
      ".seekfs", ".seekfs/lock", ".seekfs/tmp/x", std::string("nul\0nul", 7), std::string(256, 's'),
      std::string(1025, 'k'), "d/" + std::string(256, 's')};
  for (const std::string& key : keys) {
    SCOPED_TRACE(testing::PrintToString(key));
    const bool allowed = store().check_key(key).has_value();
    const Result<PutReply> reply = put(key, "body of " + key);
    if (allowed) {
      ASSERT_TRUE(reply) << reply.error().message;
      EXPECT_EQ(read({.key = key}).value_or("error"), "body of " + key);
      EXPECT_EQ(head({.key = key})->key, key);
      const Result<ListReply> listed = list({.prefix = key});
      ASSERT_TRUE(listed);
      EXPECT_EQ(keys_of(*listed), std::vector<std::string>{key});
      EXPECT_TRUE(remove({.key = key}));
    } else {
      EXPECT_EQ(code_of(store().check_key(key)), ErrorCode::invalid);
      EXPECT_EQ(code_of(reply), ErrorCode::invalid);
      EXPECT_EQ(code_of(read({.key = key})), ErrorCode::invalid);
      EXPECT_EQ(code_of(head({.key = key})), ErrorCode::invalid);
      EXPECT_EQ(code_of(remove({.key = key})), ErrorCode::invalid);
    }
  }
  EXPECT_EQ(code_of(store().check_key("")), ErrorCode::invalid);
  EXPECT_EQ(code_of(store().check_key(std::string(max_key_length + 1, 'k'))), ErrorCode::invalid);
  EXPECT_TRUE(list_all({}).objects.empty());
}

TEST_P(ObjectStoreContract, ASinkMayStopEarly) {
  for (const std::size_t size : {50'000UL, 1'000'000UL}) {
    const std::string body = patterned_body(size, 7);
    ASSERT_TRUE(put("long", body));
    for (const std::size_t wanted : {0UL, 1UL, 999UL, 1000UL, 1001UL, size}) {
      LimitedSink sink(wanted, 1000);
      const Result<ObjectInfo> info = async::sync_wait(store().get({.key = "long"}, std::nullopt, sink, {}));
      ASSERT_TRUE(info) << info.error().message;
      EXPECT_EQ(info->size, size);
      EXPECT_TRUE(sink.body() == body.substr(0, wanted)) << wanted;
    }
  }
}

TEST_P(ObjectStoreContract, SmallObjectsHaveALimit) {
  ASSERT_TRUE(put("small", "12345"));
  const auto at_limit = async::sync_wait(get_small(store(), {.key = "small"}, 5, {}));
  ASSERT_TRUE(at_limit) << at_limit.error().message;
  EXPECT_EQ(at_limit->body, "12345");
  EXPECT_EQ(code_of(async::sync_wait(get_small(store(), {.key = "small"}, 4, {}))), ErrorCode::too_large);
  EXPECT_EQ(code_of(async::sync_wait(get_small(store(), {.key = "small"}, 0, {}))), ErrorCode::too_large);
  ASSERT_TRUE(put("small", patterned_body(300'000, 8)));
  EXPECT_EQ(code_of(async::sync_wait(get_small(store(), {.key = "small"}, 299'999, {}))), ErrorCode::too_large);
  EXPECT_TRUE(async::sync_wait(get_small(store(), {.key = "small"}, 300'000, {})));
}

/// A body that can't be read beyond a point.
class BrokenSource final : public BodySource {
 public:
  std::uint64_t size() const override { return 1 * MiB; }
  Status read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset + out.size() > 300'000) return fail(ErrorCode::corrupt, "the source changed");
    std::ranges::fill(out, std::byte{1});
    return {};
  }
};

TEST_P(ObjectStoreContract, ABodyThatFailsLeavesTheOldObject) {
  ASSERT_TRUE(put("kept", "old"));
  BrokenSource broken;
  EXPECT_EQ(code_of(async::sync_wait(store().put("kept", broken, {}, {}))), ErrorCode::corrupt);
  EXPECT_EQ(code_of(async::sync_wait(store().put("never", broken, {}, {}))), ErrorCode::corrupt);
  EXPECT_EQ(read({.key = "kept"}).value_or("error"), "old");
  EXPECT_EQ(keys_of(list_all({})), std::vector<std::string>{"kept"});
}

TEST_P(ObjectStoreContract, ADeadlineThatHasPassedIsATimeout) {
  ASSERT_TRUE(put("a", "x"));
  const RequestOptions late{.purpose = Purpose::demand, .deadline = clock().now() - std::chrono::seconds(1)};
  StringSink sink(10);
  EXPECT_EQ(code_of(async::sync_wait(store().head({.key = "a"}, late))), ErrorCode::timeout);
  EXPECT_EQ(code_of(async::sync_wait(store().get({.key = "a"}, std::nullopt, sink, late))), ErrorCode::timeout);
  EXPECT_EQ(code_of(async::sync_wait(put_small(store(), "b", "x", {}, late))), ErrorCode::timeout);
  EXPECT_EQ(code_of(async::sync_wait(store().list({}, late))), ErrorCode::timeout);
  EXPECT_EQ(code_of(async::sync_wait(store().remove({.key = "a"}, late))), ErrorCode::timeout);
  EXPECT_EQ(sink.take(), "");
  EXPECT_EQ(keys_of(list_all({})), std::vector<std::string>{"a"});
  const RequestOptions in_time{.purpose = Purpose::demand, .deadline = clock().now() + std::chrono::hours(1)};
  EXPECT_TRUE(async::sync_wait(store().head({.key = "a"}, in_time)));
}

TEST_P(ObjectStoreContract, FlushSucceeds) {
  ASSERT_TRUE(put("a", "x"));
  EXPECT_EQ(code_of(async::sync_wait(store().flush({}))), std::nullopt);
  EXPECT_NE(store().description(), "");
}

}  // namespace
}  // namespace seekfs::objectstore
