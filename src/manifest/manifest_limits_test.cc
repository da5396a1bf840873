// Limits of what a manifest may take, gzip that is damaged, and what a reader says after an error.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "manifest/codec.h"
#include "manifest/compact.h"
#include "manifest/gzip.h"
#include "manifest/valid_manifest_testing.h"

namespace seekfs::manifest {
namespace {

struct LimitCase {
  std::string name;
  ReadLimits limits;
  std::string message;
};

TEST(ManifestLimits, AreEachKept) {
  const std::vector<LimitCase> cases = {
      {"pages of a table", {.max_pages = 1}, "files[0] 'a/one': page_table[1]: the manifest has more than 1 pages"},
      {"packed pages", {.max_pages = 4}, "files[1] 'b': pages.crc32c: the manifest has more than 4 pages"},
      {"files", {.max_files = 1}, "files[1]: the manifest has more than 1 files"},
      {"tombstones", {.max_files = 0}, "tombstones[0]: more than 0 tombstones"},
      {"text", {.max_json_bytes = valid_json().size() - 1}, "has more than"},
  };
  for (const LimitCase& limit : cases) {
    for (const std::size_t piece : {1U, 7U, 100'000U}) {
      const Status status = load_compact(valid_json(), piece, limit.limits);
      ASSERT_FALSE(status) << limit.name;
      EXPECT_EQ(status.error().code, ErrorCode::unsupported_manifest);
      EXPECT_TRUE(status.error().message.starts_with("manifest v-3: " + limit.message)) << status.error().message;
    }
  }
  const ReadLimits enough{.max_pages = 5, .max_files = 2, .max_json_bytes = valid_json().size()};
  EXPECT_TRUE(load_compact(valid_json(), 7, enough));
}

TEST(ManifestLimits, AGzipBombIsRefused) {
  GzipWriter writer;
  writer.write(replaced(valid_json(), R"("version":3)", std::string(10'000'000, ' ') + R"("version":3)"));
  const std::string packed = writer.finish();
  for (const std::size_t piece : {1U, 7U, 100'000U}) {
    const Status status = load_compact(packed, piece);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::unsupported_manifest);
    EXPECT_TRUE(status.error().message.starts_with("manifest v-3: gzip: more than 200 bytes out"))
        << status.error().message;
  }
}

TEST(ManifestErrors, DamagedGzipIsCorruptAndNothingIsEmpty) {
  GzipWriter writer;
  writer.write(valid_json());
  std::string packed = writer.finish();
  EXPECT_TRUE(load_compact(packed, 7));
  const Status behind = load_compact(packed + "x", 7);
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, ErrorCode::corrupt);
  const Status cut = load_compact(std::string_view(packed).substr(0, packed.size() - 1), 7);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
  packed[packed.size() - 5] ^= 1;
  const Status flipped = load_compact(packed, 7);
  ASSERT_FALSE(flipped);
  EXPECT_EQ(flipped.error().code, ErrorCode::corrupt);
  EXPECT_EQ(flipped.error().message, "manifest v-3: gzip: checksum or length differs");
  EXPECT_EQ(load_compact("", 1).error().message, "manifest v-3: is empty");
}

TEST(ManifestErrors, AnErrorStays) {
  CompactLoader loader("demo", 3, {});
  const std::string_view bad = "{]";
  EXPECT_FALSE(loader.feed(std::as_bytes(std::span(bad))));
  const std::string good = valid_json();
  const Status again = loader.feed(std::as_bytes(std::span(good)));
  ASSERT_FALSE(again);
  const auto finished = loader.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, again.error().message);
}

TEST(ManifestErrors, WithoutAnExpectedVersionMessagesNameTheOneThatWasRead) {
  const std::string json = replaced(valid_json(), R"("size":700)", R"("size":701)");
  const auto after = decode_manifest(std::as_bytes(std::span(json)), std::nullopt);
  ASSERT_FALSE(after);
  EXPECT_TRUE(after.error().message.starts_with("manifest v-3: files[0]")) << after.error().message;
  const std::string_view early = R"({"files":7})";
  const auto before = decode_manifest(std::as_bytes(std::span(early)), std::nullopt);
  ASSERT_FALSE(before);
  EXPECT_TRUE(before.error().message.starts_with("manifest: files: expected an array")) << before.error().message;
}

}  // namespace
}  // namespace seekfs::manifest
