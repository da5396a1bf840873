// A corpus of broken manifests: each is refused naming the field, however it is cut into pieces, by both ways of
// loading.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "manifest/codec.h"
#include "manifest/valid_manifest_testing.h"

namespace seekfs::manifest {
namespace {

struct Broken {
  std::string name;
  std::string from;  ///< what of the valid manifest is replaced; empty: all
  std::string to;
  std::string message;  ///< what the refusal must say, after "manifest v-3: "
};

/// For gtest's messages.
void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

std::vector<Broken> broken_values() {
  return {
      {"format_other", "seekfs-manifest/1", "seekfs-manifest/2", "format: expected 'seekfs-manifest/1'"},
      {"format_type", R"("seekfs-manifest/1")", "1", "format: expected a string, found an unsigned integer"},
      {"format_object", R"("seekfs-manifest/1")", "{}", "format: expected a string, found an object"},
      {"requires_unknown", R"(["packed-pages"])", R"(["packed-pages","time-travel"])",
       "requires[1]: 'time-travel' is not known"},
      {"requires_type", R"(["packed-pages"])", "[7]", "requires[0]: expected a string"},
      {"requires_scalar", R"(["packed-pages"])", R"("packed-pages")", "requires: expected an array, found a string"},
      {"requires_nested", R"(["packed-pages"])", R"([["packed-pages"]])",
       "requires[0]: expected a string, found an array"},
      {"version_other", R"("version":3)", R"("version":4)", "version: expected 3, found 4"},
      {"version_zero", R"("version":3)", R"("version":0)", "version: expected 1 or more, found 0"},
      {"version_negative", R"("version":3)", R"("version":-3)",
       "version: expected an unsigned integer, found a number"},
      {"version_minus_zero", R"("version":3)", R"("version":-0)", "version: expected an unsigned integer"},
      {"version_float", R"("version":3)", R"("version":3.0)", "version: expected an unsigned integer"},
      {"version_exponent", R"("version":3)", R"("version":3e0)", "version: expected an unsigned integer"},
      {"version_string", R"("version":3)", R"("version":"3")", "version: expected an unsigned integer, found a string"},
      {"version_null", R"("version":3)", R"("version":null)", "version: expected an unsigned integer, found null"},
      {"version_huge", R"("version":3)", R"("version":18446744073709551616)", "version: expected an unsigned integer"},
      {"version_array", R"("version":3)", R"("version":[3])", "version: expected an unsigned integer, found an array"},
      {"version_missing", R"("version":3,)", "", "version: is missing"},
      {"version_twice", R"("version":3)", R"("version":3,"version":3)", "version: is there twice"},
      {"created_at_float", "1763800000", "1763800000.5", "created_at: expected an unsigned integer"},
      {"created_at_beyond", "1763800000", "9223372036854775808", "created_at: expected at most 9223372036854775807"},
      {"created_at_missing", R"("created_at":1763800000,)", "", "created_at: is missing"},
      {"parents_negative", R"("parents":[2])", R"("parents":[2,-1])", "parents[1]: expected an unsigned integer"},
      {"parents_scalar", R"("parents":[2])", R"("parents":2)", "parents: expected an array"},
      {"parents_missing", R"("parents":[2],)", "", "parents: is missing"},
      {"tombstone_path", "old/name.bin", "old/../name.bin",
       "tombstones[0]: path 'old/../name.bin': has a '..' segment"},
      {"tombstone_type", R"(["old/name.bin"])", "[1]", "tombstones[0]: expected a string"},
      {"tombstone_long", "old/name.bin", std::string(851, 'x'), "tombstones[0]: is longer than 850 bytes"},
      {"tombstones_missing", R"("tombstones":["old/name.bin"],)", "", "tombstones: is missing"},
      {"tombstones_object", R"("tombstones":["old/name.bin"])", R"("tombstones":{})",
       "tombstones: expected an array, found an object"},
  };
}

std::vector<Broken> broken_files() {
  const std::string digits(valid_hash);
  return {
      {"files_missing", R"("files":)", R"("fils":)", "files: is missing"},
      {"files_object", R"("files":[)", R"("files":{},"x":[)", "files: expected an array, found an object"},
      {"file_scalar", R"("files":[)", R"("files":[1,)", "files[0]: expected an object, found an unsigned integer"},
      {"file_array", R"("files":[)", R"("files":[[],)", "files[0]: expected an object, found an array"},
      {"path_absolute", "a/one", "/one", "files[0]: path '/one': is absolute"},
      {"path_dots", "a/one", "a/../one", "files[0]: path 'a/../one': has a '..' segment"},
      {"path_empty", "a/one", "", "files[0]: path '': is empty"},
      {"path_nul", "a/one", R"(a\u0000one)", "files[0]: path 'a\\x00one': has a control character"},
      {"path_c1", "a/one", R"(a\u0085one)", R"(files[0]: path 'a\xc2\x85one': has a control character)"},
      {"path_long", "a/one", std::string(851, 'p'), "files[0]: path: is longer than 850 bytes"},
      {"path_type", R"("a/one")", "5", "files[0]: path: expected a string"},
      {"path_object", R"("a/one")", "{}", "files[0]: path: expected a string, found an object"},
      {"path_missing", R"("path":"a/one",)", "", "files[0]: path: is missing"},
      {"path_twice", R"("path":"a/one")", R"("path":"a/one","path":"a/one")", "files[0] 'a/one': path: is there twice"},
      {"path_surrogate", "a/one", R"(a\ud800)", "files[0]: is not JSON"},
      {"path_bad_utf8", "a/one", "a\xFF", "files[0]: is not JSON"},
      {"path_overlong", "a/one", "a\xC0\xAF", "files[0]: is not JSON"},
      {"paths_equal", R"("path":"b")", R"("path":"a/one")", "files 'a/one': path: is there twice"},
      {"path_is_directory", R"("path":"b")", R"("path":"a")", "files 'a': path: is a directory of 'a/one'"},
      {"path_below_file", R"("path":"b")", R"("path":"a/one/x")", "files 'a/one': path: is a directory of 'a/one/x'"},
      {"size_negative", R"("size":700)", R"("size":-700)", "files[0] 'a/one': size: expected an unsigned integer"},
      {"size_exponent", R"("size":700)", R"("size":7e2)", "files[0] 'a/one': size: expected an unsigned integer"},
      {"size_float", R"("size":700)", R"("size":700.0)", "files[0] 'a/one': size: expected an unsigned integer"},
      {"size_beyond", R"("size":700)", R"("size":99999999999999999999)",
       "files[0] 'a/one': size: expected an unsigned integer"},
      {"size_string", R"("size":700)", R"("size":"700")", "files[0] 'a/one': size: expected an unsigned integer"},
      {"size_larger", R"("size":700)", R"("size":701)",
       "files[0] 'a/one': page_table: expected to end at size 701, ends at 700"},
      {"size_smaller", R"("size":700)", R"("size":512)", "files[0] 'a/one': page_table: expected to end at size 512"},
      {"size_zero_with_pages", R"("size":700)", R"("size":0)",
       "files[0] 'a/one': page_table: expected to end at size 0"},
      {"size_missing", R"("size":700,)", "", "files[0] 'a/one': size: is missing"},
      {"size_twice", R"("size":700)", R"("size":700,"size":700)", "files[0] 'a/one': size: is there twice"},
      {"hash_short", digits, digits.substr(2), "files[0] 'a/one': hash: expected 64 digits of sha256, found 62"},
      {"hash_upper", digits, "BA" + digits.substr(2),
       "files[0] 'a/one': hash: expected an even number of lower-case hex"},
      {"hash_odd", "sha256:" + digits, "blake3:abc", "files[0] 'a/one': hash: expected an even number"},
      {"hash_empty", "sha256:" + digits, "blake3:", "files[0] 'a/one': hash: expected an even number"},
      {"hash_bare", "sha256:" + digits, digits, "files[0] 'a/one': hash: expected 'algorithm:hex'"},
      {"hash_algorithm", "sha256:" + digits, "SHA 256:" + digits, "files[0] 'a/one': hash: expected 'algorithm:hex'"},
      {"hash_not_hex", digits, "zz" + digits.substr(2), "files[0] 'a/one': hash: expected an even number"},
      {"hash_long", "sha256:" + digits, "x:" + std::string(300, 'a'),
       "files[0] 'a/one': hash: is longer than 256 bytes"},
      {"hash_type", "\"sha256:" + digits + '"', "1", "files[0] 'a/one': hash: expected a string"},
      {"hash_missing", R"("hash":)", R"("hsh":)", "files[0] 'a/one': hash: is missing"},
      {"mtime_float", "1763700000", "1.5", "files[0] 'a/one': mtime: expected an unsigned integer"},
      {"mtime_negative", "1763700000", "-1", "files[0] 'a/one': mtime: expected an unsigned integer"},
      {"mtime_null", "1763700000", "null", "files[0] 'a/one': mtime: expected an unsigned integer, found null"},
      {"mtime_object", "1763700000", "{}", "files[0] 'a/one': mtime: expected an unsigned integer, found an object"},
  };
}

std::vector<Broken> broken_pages() {
  return {
      {"table_missing", R"("page_table":)", R"("pagetable":)",
       "files[0] 'a/one': page_table: is missing, and so is pages"},
      {"table_and_pages", R"("page_table":[)", R"("pages":{"size":512,"crc32c":"AQAAAAIAAAA="},"page_table":[)",
       "files[0] 'a/one': pages: is there beside page_table"},
      {"table_null", R"("pages":{"size":4,"crc32c":"AQAAAAIAAAADAAAA"})", R"("page_table":null)",
       "files[1] 'b': page_table: expected an array, found null"},
      {"table_object", R"("pages":)", R"("page_table":)",
       "files[1] 'b': page_table: expected an array, found an object"},
      {"table_empty", R"("pages":{"size":4,"crc32c":"AQAAAAIAAAADAAAA"})", R"("page_table":[])",
       "files[1] 'b': page_table: expected to end at size 9, ends at 0"},
      {"page_scalar", R"("page_table":[)", R"("page_table":[7,)",
       "files[0] 'a/one': page_table[0]: expected an object"},
      {"page_array", R"("page_table":[)", R"("page_table":[[],)",
       "files[0] 'a/one': page_table[0]: expected an object"},
      {"page_id_start", R"("page_id":0)", R"("page_id":1)",
       "files[0] 'a/one': page_table[0].page_id: expected 0, found 1"},
      {"page_id_repeated", R"("page_id":1)", R"("page_id":0)",
       "files[0] 'a/one': page_table[1].page_id: expected 1, found 0"},
      {"page_id_gap", R"("page_id":1)", R"("page_id":2)",
       "files[0] 'a/one': page_table[1].page_id: expected 1, found 2"},
      {"page_id_float", R"("page_id":1)", R"("page_id":1.0)",
       "files[0] 'a/one': page_table[1].page_id: expected an unsigned"},
      {"page_id_missing", R"("page_id":1,)", "", "files[0] 'a/one': page_table[1].page_id: is missing"},
      {"off_gap", R"("off":512)", R"("off":513)", "files[0] 'a/one': page_table[1].off: expected 512, found 513"},
      {"off_overlap", R"("off":512)", R"("off":511)", "files[0] 'a/one': page_table[1].off: expected 512, found 511"},
      {"off_start", R"("off":0,"len":512)", R"("off":1,"len":511)",
       "files[0] 'a/one': page_table[0].off: expected 0, found 1"},
      {"off_overflow", R"("off":512)", R"("off":18446744073709551615)",
       "files[0] 'a/one': page_table[1].off: off + len passes 2^64-1"},
      {"off_negative", R"("off":512)", R"("off":-512)", "files[0] 'a/one': page_table[1].off: expected an unsigned"},
      {"off_null", R"("off":512)", R"("off":null)", "files[0] 'a/one': page_table[1].off: expected an unsigned"},
      {"off_twice", R"("off":512)", R"("off":512,"off":512)", "files[0] 'a/one': page_table[1].off: is there twice"},
      {"len_zero", R"("len":188)", R"("len":0)",
       "files[0] 'a/one': page_table[1].len: expected 1 to 67108864, found 0"},
      {"len_beyond", R"("len":188)", R"("len":67108865)",
       "files[0] 'a/one': page_table[1].len: expected 1 to 67108864"},
      {"len_wraps", R"("len":188)", R"("len":4294967484)",
       "files[0] 'a/one': page_table[1].len: expected 1 to 67108864"},
      {"len_short", R"("len":188)", R"("len":187)",
       "files[0] 'a/one': page_table: expected to end at size 700, ends at 699"},
      {"len_missing", R"("len":188,)", "", "files[0] 'a/one': page_table[1].len: is missing"},
      {"crc_beyond", R"("crc32c":2)", R"("crc32c":4294967296)",
       "files[0] 'a/one': page_table[1].crc32c: expected at most 4294967295, found 4294967296"},
      {"crc_string", R"("crc32c":2)", R"("crc32c":"2")",
       "files[0] 'a/one': page_table[1].crc32c: expected an unsigned"},
      {"crc_object", R"("crc32c":2)", R"("crc32c":{})", "files[0] 'a/one': page_table[1].crc32c: expected"},
      {"crc_missing", R"(,"crc32c":2)", "", "files[0] 'a/one': page_table[1].crc32c: is missing"},
      {"packed_scalar", R"("pages":{"size":4,"crc32c":"AQAAAAIAAAADAAAA"})", R"("pages":4)",
       "files[1] 'b': pages: expected an object"},
      {"packed_size_zero", R"("size":4)", R"("size":0)", "files[1] 'b': pages.size: expected 1 to 67108864, found 0"},
      {"packed_size_beyond", R"("size":4)", R"("size":67108865)",
       "files[1] 'b': pages.size: expected at most 67108864"},
      {"packed_size_float", R"("size":4)", R"("size":4.0)", "files[1] 'b': pages.size: expected an unsigned integer"},
      {"packed_size_missing", R"("size":4,)", "", "files[1] 'b': pages.size: is missing"},
      {"packed_few", "AQAAAAIAAAADAAAA",
       "AQAAAAIAAAA=", "files[1] 'b': pages.crc32c: expected 3 pages of 4 bytes for size 9, found 2"},
      {"packed_many", R"("size":4)", R"("size":5)",
       "files[1] 'b': pages.crc32c: expected 2 pages of 5 bytes for size 9, found 3"},
      {"packed_no_base64", "AQAAAAIAAAADAAAA", "AQAAAAIAAAAD*AAA", "files[1] 'b': pages.crc32c: is not base64"},
      {"packed_url_alphabet", "AQAAAAIAAAADAAAA", "AQAAAAIAAAAD--__", "files[1] 'b': pages.crc32c: is not base64"},
      {"packed_space", "AQAAAAIAAAADAAAA", "AQAA AAIAAAADAAAA", "files[1] 'b': pages.crc32c: "},
      {"packed_cut", "AQAAAAIAAAADAAAA", "AQAAAAIAAAADAA", "files[1] 'b': pages.crc32c: base64 ends in the middle"},
      {"packed_odd_bytes", "AQAAAAIAAAADAAAA",
       "AQAAAAIAAAADAAA=", "files[1] 'b': pages.crc32c: its length is not a multiple of 4"},
      {"packed_padding_inside", "AQAAAAIAAAADAAAA", "AQAAAA==AgAAAA==", "files[1] 'b': pages.crc32c: "},
      {"packed_crc_number", R"("AQAAAAIAAAADAAAA")", "5", "files[1] 'b': pages.crc32c: expected a string"},
      {"packed_crc_array", R"("AQAAAAIAAAADAAAA")", "[1,2,3]", "files[1] 'b': pages.crc32c: expected"},
      {"packed_crc_missing", R"(,"crc32c":"AQAAAAIAAAADAAAA")", "", "files[1] 'b': pages.crc32c: is missing"},
  };
}

std::vector<Broken> broken_storage() {
  return {
      {"storage_missing", R"("storage":)", R"("storge":)", "files[0] 'a/one': storage: is missing"},
      {"storage_string", R"("storage":{"key":"k2"})", R"("storage":"k2")", "files[1] 'b': storage: expected an object"},
      {"storage_array", R"("storage":{"key":"k2"})", R"("storage":[])",
       "files[1] 'b': storage: expected an object, found an array"},
      {"storage_twice", R"("storage":{"key":"k2"})", R"("storage":{"key":"k2"},"storage":{"key":"k3"})",
       "files[1] 'b': storage: is there twice"},
      {"key_missing", R"("key":"k2")", "", "files[1] 'b': storage.key: is missing"},
      {"key_empty", R"("key":"k2")", R"("key":"")", "files[1] 'b': storage.key: is empty"},
      {"key_null", R"("key":"k2")", R"("key":null)", "files[1] 'b': storage.key: expected a string, found null"},
      {"key_long", R"("key":"k2")", R"("key":")" + std::string(1025, 'k') + '"',
       "files[1] 'b': storage.key: is longer than 1024"},
      {"key_huge", R"("key":"k2")", R"("key":")" + std::string(70'000, 'k') + '"',
       "files[1] 'b': storage.key: is longer than 1024"},
      {"key_twice", R"("key":"k2")", R"("key":"k2","key":"k3")", "files[1] 'b': storage.key: is there twice"},
      {"key_escaped_twice", R"("key":"k2")", R"("key":"k2","k\u0065y":"k3")",
       "files[1] 'b': storage.key: is there twice"},
      {"etag_number", R"("\"e\"")", "5", "files[0] 'a/one': storage.etag: expected a string"},
      {"etag_line_break", R"("\"e\"")", R"("e\r\nX-Evil: 1")",
       "files[0] 'a/one': storage.etag: has a control character"},
      {"etag_huge", R"("\"e\"")", '"' + std::string(70'000, 'e') + '"',
       "files[0] 'a/one': storage.etag: is longer than 1024"},
      {"version_id_bool", R"("version_id":null)", R"("version_id":true)",
       "files[0] 'a/one': storage.version_id: expected a string, found a boolean"},
      {"sse_object", R"("sse":null)", R"("sse":{})", "files[0] 'a/one': storage.sse: expected"},
      {"storage_off_overflow", R"("off":0}})", R"("off":18446744073709551000}})",
       "files[0] 'a/one': storage.off: off + size passes 2^64-1"},
      {"storage_off_float", R"("off":0}})", R"("off":0.0}})",
       "files[0] 'a/one': storage.off: expected an unsigned integer"},
      {"storage_off_null", R"("off":0}})", R"("off":null}})",
       "files[0] 'a/one': storage.off: expected an unsigned integer, found null"},
  };
}

std::vector<Broken> broken_json() {
  const std::string deep = R"("x":)" + std::string(40, '[') + std::string(40, ']') + R"(,"version":3)";
  std::string many_keys;
  for (int i = 0; i < 20'000; ++i) many_keys += fmt::format(R"("unknown{}":0,)", i);
  return {
      {"empty_text", "", " ", "the JSON text ends early"},
      {"array_at_top", "", "[]", "expected an object, found an array"},
      {"number_at_top", "", "5 ", "expected an object, found an unsigned integer"},
      {"string_at_top", "", R"("text")", "expected an object, found a string"},
      {"null_at_top", "", "null", "expected an object, found null"},
      {"empty_object", "", "{}", "version: is missing"},
      {"no_json", "", "<xml/>", "is not JSON"},
      {"byte_order_mark", R"({"format")", "\xEF\xBB\xBF{\"format\"", "is not JSON"},
      {"bytes_after_end", R"({"key":"k2"}}]})", R"({"key":"k2"}}]}x)", "more follows after the end"},
      {"second_document", R"({"key":"k2"}}]})", R"({"key":"k2"}}]} {})", "more follows after the end"},
      {"cut_in_table", R"("off":512)", R"("off":51)" + std::string(1, '\0'),
       "files[0] 'a/one': page_table[1]: is not JSON"},
      {"cut_at_end", R"({"key":"k2"}}]})", R"({"key":"k2"}}])", "the JSON text ends early"},
      {"trailing_comma", R"("parents":[2])", R"("parents":[2,])", "parents: is not JSON"},
      {"single_quotes", R"("parents")", "'parents'", "is not JSON"},
      {"leading_zero", R"("size":700)", R"("size":0700)", "files[0] 'a/one': is not JSON"},
      {"plus_sign", R"("size":700)", R"("size":+700)", "files[0] 'a/one': is not JSON"},
      {"hex_number", R"("size":700)", R"("size":0x2BC)", "files[0] 'a/one': is not JSON"},
      {"not_a_number", R"("size":700)", R"("size":NaN)", "files[0] 'a/one': is not JSON"},
      {"comment", R"("size":700)", R"("size":/**/700)", "files[0] 'a/one': is not JSON"},
      {"raw_control", "a/one", "a\tone", "files[0]: is not JSON"},
      {"too_deep", R"("version":3)", deep, "is nested deeper than 32 levels"},
      {"unknown_key_twice", R"("version":3)", R"("x":1,"x":2,"version":3)", "key 'x' is there twice"},
      {"nested_key_twice", R"("version":3)", R"("x":{"y":[{"z":1,"z":2}]},"version":3)", "key 'z' is there twice"},
      {"unknown_key_twice_in_page", R"("len":188)", R"("x":1,"len":188,"x":1)",
       "files[0] 'a/one': page_table[1]: key 'x' is there twice"},
      {"key_too_long", R"("version":3)", '"' + std::string(1025, 'k') + R"(":1,"version":3)",
       "a key is longer than 1024 bytes"},
      {"too_many_unknown_keys", R"("version":3)", many_keys + R"("version":3)", "has too many unknown keys"},
  };
}

std::vector<Broken> all_broken() {
  std::vector<Broken> all;
  for (const auto& part : {broken_values(), broken_files(), broken_pages(), broken_storage(), broken_json()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

class BrokenManifest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenManifest, IsRefusedNamingTheField) {
  const Broken& broken = GetParam();
  const std::string json = broken.from.empty() ? broken.to : replaced(valid_json(), broken.from, broken.to);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, json.size()}) {
    const Status status = load_compact(json, piece);
    ASSERT_FALSE(status) << "in pieces of " << piece;
    EXPECT_EQ(status.error().code, ErrorCode::unsupported_manifest);
    EXPECT_TRUE(status.error().message.starts_with("manifest v-3: " + broken.message))
        << "in pieces of " << piece << ": " << status.error().message << "\nexpected: " << broken.message;
  }
  const auto plain = decode_manifest(std::as_bytes(std::span(json)), 3);
  ASSERT_FALSE(plain);
  EXPECT_TRUE(plain.error().message.starts_with("manifest v-3: " + broken.message)) << plain.error().message;
}

INSTANTIATE_TEST_SUITE_P(Corpus, BrokenManifest, testing::ValuesIn(all_broken()),
                         [](const auto& broken) { return broken.param.name; });

TEST(BrokenManifests, AreMany) { EXPECT_GE(all_broken().size(), 60U); }

TEST(BrokenManifests, AreBrokenOnlyByTheirChange) {
  for (const std::size_t piece : {1U, 7U, 100'000U}) EXPECT_TRUE(load_compact(valid_json(), piece));
}

}  // namespace
}  // namespace seekfs::manifest
