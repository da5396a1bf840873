// One reading of ETags and versions, wherever they stand.
#include "objectstore/s3/entity_tag.h"

#include <gtest/gtest.h>

#include "objectstore/object_store_contract_testing.h"
#include "objectstore/s3/object_head.h"
#include "objectstore/s3/xml.h"

namespace seekfs::objectstore::s3 {
namespace {

TEST(EntityTag, HasItsQuotes) {
  EXPECT_EQ(entity_tag("\"abc\"").value_or("error"), "\"abc\"");
  EXPECT_EQ(entity_tag("abc").value_or("error"), "\"abc\"");
  EXPECT_EQ(code_of(entity_tag("")), ErrorCode::corrupt);
}

TEST(EntityTag, AWeakOneIsRefusedWhereverItStands) {
  EXPECT_EQ(code_of(entity_tag("W/\"abc\"")), ErrorCode::corrupt);
  const HttpReplyHead head{.status = 200, .headers = {{"Content-Length", "3"}, {"ETag", "W/\"abc\""}}};
  EXPECT_EQ(code_of(object_of_head("k", head)), ErrorCode::corrupt);
  EXPECT_EQ(code_of(object_of_get("k", head, std::nullopt)), ErrorCode::corrupt);
  const std::string tag = "<ETag>W/&quot;abc&quot;</ETag>";
  EXPECT_EQ(code_of(parse_completed_etag("<CompleteMultipartUploadResult>" + tag + "</CompleteMultipartUploadResult>")),
            ErrorCode::corrupt);
  EXPECT_EQ(code_of(parse_parts("<ListPartsResult><Part><PartNumber>1</PartNumber><Size>3</Size>" + tag +
                                "</Part></ListPartsResult>")),
            ErrorCode::corrupt);
  EXPECT_EQ(code_of(parse_list("<ListBucketResult><Contents><Key>k</Key><Size>3</Size>"
                               "<LastModified>2026-01-02T03:04:05.000Z</LastModified>" +
                               tag + "</Contents></ListBucketResult>")),
            ErrorCode::corrupt);
}

TEST(EntityTag, NoneHasControlCharacters) {
  EXPECT_EQ(code_of(entity_tag("\"a\x1B[31mb\"")), ErrorCode::corrupt);
  EXPECT_EQ(code_of(entity_tag("\"a\x7F\"")), ErrorCode::corrupt);
  EXPECT_EQ(code_of(entity_tag("\"a\nb\"")), ErrorCode::corrupt);
}

TEST(EntityTag, TheVersionOfABucketWithoutVersionsIsNone) {
  const auto version = [](std::string value) {
    return version_id_of({.status = 200, .headers = {{"X-Amz-Version-Id", std::move(value)}}});
  };
  EXPECT_EQ(version("v1"), "v1");
  EXPECT_EQ(version("null"), std::nullopt);
  EXPECT_EQ(version(""), std::nullopt);
  EXPECT_EQ(version_id_of({.status = 200, .headers = {}}), std::nullopt);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
