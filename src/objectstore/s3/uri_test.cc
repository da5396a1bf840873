// Percent-encoding of keys and queries.
#include <gtest/gtest.h>

#include <string>

#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {
namespace {

TEST(Uri, LeavesNothingButUnreservedCharactersAndTheSlashesOfKeysAlone) {
  const std::string unreserved = "AZaz09-._~";
  EXPECT_EQ(encode_key(unreserved), unreserved);
  EXPECT_EQ(encode_key("a b/c+d=e%f*g"), "a%20b/c%2Bd%3De%25f%2Ag");
  EXPECT_EQ(encode_query_part("a b/c"), "a%20b%2Fc");
  EXPECT_EQ(encode_key("\xc3\xa9\x01\xff"), "%C3%A9%01%FF");
  EXPECT_EQ(encode_key(std::string_view("\0", 1)), "%00");
}

TEST(Uri, NeverNormalisesAKey) {
  EXPECT_EQ(encode_key("a//b/../c/./"), "a//b/../c/./");
  EXPECT_EQ(encode_key("a%2Fb"), "a%252Fb");
  EXPECT_EQ(encode_key(""), "");
}

TEST(Uri, SortsAQueryByItsEncodedNamesAndValues) {
  EXPECT_EQ(canonical_query({}), "");
  EXPECT_EQ(canonical_query({{"b", "x y"}, {"uploads", ""}, {"a", "1"}}), "a=1&b=x%20y&uploads=");
  EXPECT_EQ(canonical_query({{"a", "2"}, {"a", "1"}, {"A", "3"}}), "A=3&a=1&a=2");
  // '-' sorts before 'a', and '[', which is "%5B", before both.
  EXPECT_EQ(canonical_query({{"aa", ""}, {"a-", ""}, {"a[", ""}}), "a%5B=&a-=&aa=");
}

}  // namespace
}  // namespace seekfs::objectstore::s3
