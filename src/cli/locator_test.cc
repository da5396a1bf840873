// Names on the command line: what each form means, and what is refused.
#include "cli/locator.h"

#include <gtest/gtest.h>

namespace seekfs::cli {
namespace {

TEST(Locator, ReadsPublishedNames) {
  const auto file = parse_published_name("seekfs://demo/a/b.bin");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->ns, "demo");
  EXPECT_EQ(file->path, "a/b.bin");
  EXPECT_EQ(file->version, std::nullopt);
  EXPECT_FALSE(file->folder);
  const auto pinned = parse_published_name("seekfs://demo@v-12/a@b/");
  ASSERT_TRUE(pinned) << pinned.error().message;
  EXPECT_EQ(pinned->version, 12U);
  EXPECT_EQ(pinned->path, "a@b");
  EXPECT_TRUE(pinned->folder);
  for (const char* root : {"seekfs://demo", "seekfs://demo/", "seekfs://demo@3", "seekfs://demo@3/"}) {
    const auto name = parse_published_name(root);
    ASSERT_TRUE(name) << root;
    EXPECT_TRUE(name->folder && name->path.empty()) << root;
  }
}

TEST(Locator, WritesWhatItReads) {
  for (const char* text : {"seekfs://demo/a/b", "seekfs://demo@3/a/", "seekfs://demo@3/"}) {
    EXPECT_EQ(parse_published_name(text)->to_string(), text);
  }
}

TEST(Locator, TellsStoreAndLocalNamesApart) {
  EXPECT_EQ(std::get<StoreName>(*parse_name("store:raw/2024")).prefix, "raw/2024");
  EXPECT_EQ(std::get<StoreName>(*parse_name("store:")).prefix, "");
  EXPECT_EQ(std::get<LocalName>(*parse_name("./store:x")).path, "./store:x");
  EXPECT_EQ(std::get<LocalName>(*parse_name("/data")).path, "/data");
}

TEST(Locator, FindsNamesOfS3InTheConfiguredStore) {
  app::Config config;
  config.store.type = app::StoreType::s3;
  config.s3.bucket = "data";
  const auto find = [&config](std::string_view text) {
    return prefix_in_store(std::get<StoreName>(*parse_name(text)), config);
  };
  EXPECT_EQ(find("s3://data/raw/2024"), "raw/2024");
  EXPECT_EQ(find("s3://data/"), "");
  EXPECT_EQ(find("s3://data"), "");
  EXPECT_EQ(find("s3:raw/2024"), "raw/2024");
  EXPECT_EQ(find("store:raw/2024"), "raw/2024");
  EXPECT_EQ(find("s3://other/raw").error().code, ErrorCode::bad_request);

  config.store.prefix = "team/";
  EXPECT_EQ(find("s3://data/team/raw"), "raw");
  EXPECT_EQ(find("s3://data/team"), "");
  EXPECT_EQ(find("s3:raw"), "raw");
  EXPECT_EQ(find("s3://data/raw").error().code, ErrorCode::bad_request);
  EXPECT_EQ(find("s3://data/teams").error().code, ErrorCode::bad_request);

  config.store.type = app::StoreType::fs;
  EXPECT_EQ(find("s3://data/team/raw").error().code, ErrorCode::bad_request);
  EXPECT_EQ(find("s3:raw").error().code, ErrorCode::bad_request);
  EXPECT_EQ(find("store:raw"), "raw");
}

TEST(Locator, RefusesBrokenNames) {
  for (const char* text : {"seekfs://", "seekfs:///a", "seekfs://Demo/a", "seekfs://demo@/a", "seekfs://demo@x/a",
                           "seekfs://demo@0/a", "seekfs://demo@-1/a", "s3://", "s3:///key", ""}) {
    const auto name = parse_name(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, ErrorCode::bad_request) << text << ": " << name.error().message;
  }
  for (const char* text : {"seekfs://demo//a", "seekfs://demo/a//", "seekfs://demo/../a", "seekfs://demo/a/./b"}) {
    const auto name = parse_name(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, ErrorCode::invalid_path) << text;
  }
  EXPECT_EQ(parse_published_name("demo/a").error().code, ErrorCode::bad_request);
  EXPECT_EQ(parse_published_file("seekfs://demo/a/").error().code, ErrorCode::bad_request);
  EXPECT_EQ(parse_published_file("seekfs://demo").error().code, ErrorCode::bad_request);
}

TEST(Locator, ReadsVersions) {
  EXPECT_EQ(*parse_version("3"), 3U);
  EXPECT_EQ(*parse_version("v3"), 3U);
  EXPECT_EQ(*parse_version("v-3"), 3U);
  for (const char* text : {"", "0", "v-", "v--3", "3\n", "3 ", "latest"}) EXPECT_FALSE(parse_version(text)) << text;
}

}  // namespace
}  // namespace seekfs::cli
