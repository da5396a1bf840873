// Edit distances and what is near enough to be suggested.
#include "app/config/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace seekfs::app {
namespace {

TEST(Suggest, CountsInsertDropReplaceAndSwap) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("bukcet", "bucket"), 1U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);
}

TEST(Suggest, NamesTheNearestKey) {
  EXPECT_EQ(nearest_key("s3.bukcet"), "s3.bucket");
  EXPECT_EQ(nearest_key("store.bucket"), "s3.bucket");
  EXPECT_EQ(nearest_key("cache.l2.backnd"), "cache.l2.backend");
  EXPECT_EQ(nearest_key("api.listem"), "api.listen");
  EXPECT_EQ(nearest_key("entirely.different"), std::nullopt);
}

TEST(Suggest, WithoutCandidatesThereIsNothingToSuggest) { EXPECT_EQ(nearest("a", {}), std::nullopt); }

}  // namespace
}  // namespace seekfs::app
