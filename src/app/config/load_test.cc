// Layers, aliases, origins and every error that loading a configuration can give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/load_testing.h"
#include "app/config/show.h"
#include "base/units.h"

namespace seekfs::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A value other than the default for each key, as text and as TOML; the fixture below sets it from every source.
struct Example {
  std::string_view key;
  std::string text;
  std::string toml;  ///< also what `config show` prints
};

std::vector<Example> examples() {
  return {{"store.type", "mem", "\"mem\""},
          {"store.path", "/srv/x", "\"/srv/x\""},
          {"store.prefix", "a/b/", "\"a/b/\""},
          {"s3.engine", "sdk", "\"sdk\""},
          {"s3.endpoint", "http://localhost:9000", "\"http://localhost:9000\""},
          {"s3.region", "eu-west-1", "\"eu-west-1\""},
          {"s3.bucket", "data", "\"data\""},
          {"s3.path_style", "true", "true"},
          {"s3.access_key_id", "id", "\"id\""},
          {"s3.secret_access_key", "hush", "\"********\""},
          {"s3.session_token", "token", "\"********\""},
          {"s3.profile", "lab", "\"lab\""},
          {"s3.anonymous", "true", "true"},
          {"s3.ca_bundle", "/ca.pem", "\"/ca.pem\""},
          {"s3.use_fips", "true", "true"},
          {"s3.use_dualstack", "true", "true"},
          {"s3.get_budget_per_sec", "50", "50"},
          {"s3.range_coalesce_max_mib", "16", "16"},
          {"s3.max_inflight_gets", "9", "9"},
          {"s3.retry_max_attempts", "5", "5"},
          {"s3.retry_initial_backoff_ms", "20", "20"},
          {"s3.connect_timeout", "2s", "\"2s\""},
          {"s3.request_timeout", "9s", "\"9s\""},
          {"s3.transfer_threads", "2", "2"},
          {"s3.fetch_policy", "fewest-gets", "\"fewest-gets\""},
          {"publish.page_size", "1MiB", "\"1MiB\""},
          {"cache.l1_memory", "3GiB", "\"3GiB\""},
          {"cache.l2.backend", "mem", "\"mem\""},
          {"cache.l2.segment_path", "/a,/b", "[\"/a\", \"/b\"]"},
          {"cache.l2.capacity", "7GiB", "\"7GiB\""},
          {"cache.l2.min_free", "5%", "\"5%\""},
          {"cache.l2.segment_size", "512MiB", "\"512MiB\""},
          {"cache.l2.index", "rocksdb", "\"rocksdb\""},
          {"manifest.ttl", "1s", "\"1s\""},
          {"manifest.cache_path", "/m", "\"/m\""},
          {"manifest.memory", "1GiB", "\"1GiB\""},
          {"manifest.max_pages", "11", "11"},
          {"manifest.max_files", "12", "12"},
          {"manifest.max_json_bytes", "13KiB", "\"13KiB\""},
          {"manifest.max_gzip_ratio", "14", "14"},
          {"api.listen", "127.0.0.1:1,[::1]:2", "[\"127.0.0.1:1\", \"[::1]:2\"]"},
          {"api.socket_mode", "0600", "\"0600\""},
          {"api.socket_group", "daemon", "\"daemon\""},
          {"api.threads", "3", "3"},
          {"api.insecure_listen", "true", "true"},
          {"api.max_connections", "10", "10"},
          {"api.idle_timeout", "5s", "\"5s\""},
          {"api.readv_max_items", "15", "15"},
          {"api.readv_max_bytes", "16KiB", "\"16KiB\""},
          {"api.dev_endpoints", "true", "true"},
          {"log.level", "debug", "\"debug\""},
          {"log.format", "json", "\"json\""}};
}

/// What a key needs beside it to be valid.
std::vector<std::pair<std::string, std::string>> companions(std::string_view key) {
  if (key == "store.path") return {{"store.type", "fs"}};
  if (key == "s3.access_key_id") return {{"s3.secret_access_key", "hush"}};
  if (key == "s3.secret_access_key") return {{"s3.access_key_id", "id"}};
  return {};
}

TEST_F(Load, EveryKeyHasAnExample) {
  std::vector<std::string_view> tested;
  for (const Example& example : examples()) tested.push_back(example.key);
  std::vector<std::string_view> known;
  for (const Key& key : config_keys()) known.push_back(key.name);
  EXPECT_EQ(tested, known);
}

TEST_F(Load, EveryKeyIsReadFromTheFile) {
  for (const Example& example : examples()) {
    std::string toml;
    for (const auto& [key, value] : companions(example.key)) toml += key + " = \"" + value + "\"\n";
    const Key& key = *find_key(example.key);
    toml += std::string(example.key) + " = " + (key.secret ? quote(example.text) : example.toml) + "\n";
    sources_.file = write(toml);
    const auto loaded = load();
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(shown(*loaded, example.key), example.toml);
    EXPECT_THAT(loaded->setting(example.key).origin, HasSubstr("/seekfs.toml:"));
  }
}

TEST_F(Load, EveryKeyIsReadFromTheEnvironmentAndFromFlags) {
  for (const Example& example : examples()) {
    sources_.environment.clear();
    sources_.flags.clear();
    for (const auto& [key, value] : companions(example.key)) flag(key, value);
    sources_.environment.emplace_back(environment_name(example.key), example.text);
    const auto by_environment = load();
    ASSERT_TRUE(by_environment) << by_environment.error().message;
    EXPECT_EQ(shown(*by_environment, example.key), example.toml);
    EXPECT_EQ(by_environment->setting(example.key).origin, environment_name(example.key));

    sources_.environment.clear();
    flag(std::string(example.key), example.text);
    const auto by_flag = load();
    ASSERT_TRUE(by_flag) << by_flag.error().message;
    EXPECT_EQ(shown(*by_flag, example.key), example.toml);
    EXPECT_EQ(by_flag->setting(example.key).origin, "--" + std::string(example.key));
  }
}

TEST_F(Load, DefaultsAreThoseOfThePlainValues) {
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  Config plain;
  plain.cache.l1_memory = 2 * GiB;
  plain.manifest.memory = GiB;
  for (const Key& key : config_keys()) {
    EXPECT_EQ(display(key, loaded->values), display(key, plain)) << key.name;
    EXPECT_THAT(loaded->setting(key.name).origin, HasSubstr("default")) << key.name;
  }
  EXPECT_THAT(loaded->warnings, IsEmpty());
  EXPECT_EQ(loaded->file, std::nullopt);
}

TEST_F(Load, LaterLayersWin) {
  sources_.file = write("[api]\nthreads = 1\nmax_connections = 1\nreadv_max_items = 1\n");
  sources_.environment = {{"SEEKFS_API__THREADS", "2"}, {"SEEKFS_API__MAX_CONNECTIONS", "2"}, {"SEEKFS_API", "x"}};
  flag("api.threads", "3");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->values.api.threads, 3U);
  EXPECT_EQ(loaded->values.api.max_connections, 2U);
  EXPECT_EQ(loaded->values.api.readv_max_items, 1U);
  EXPECT_EQ(loaded->setting("api.readv_max_items").origin, *sources_.file + ":4");
}

TEST_F(Load, TheFileIsSearchedInOrder) {
  sources_.system_file = write("api.threads = 1", "etc.toml");
  EXPECT_EQ(load()->values.api.threads, 1U);
  write("api.threads = 2", ".config/seekfs/seekfs.toml");
  EXPECT_EQ(load()->values.api.threads, 1U) << "a daemon does not read a user's file";
  sources_.user_file = true;
  EXPECT_EQ(load()->values.api.threads, 2U);
  write("api.threads = 3", "xdg/seekfs/seekfs.toml");
  sources_.environment.emplace_back("XDG_CONFIG_HOME", directory_ + "/xdg");
  EXPECT_EQ(load()->values.api.threads, 3U);
  sources_.environment.emplace_back("SEEKFS_CONFIG", write("api.threads = 4", "named.toml"));
  EXPECT_EQ(load()->values.api.threads, 4U);
  sources_.file = write("api.threads = 5", "flag.toml");
  EXPECT_EQ(load()->values.api.threads, 5U);
  EXPECT_EQ(load()->file, sources_.file);
}

TEST_F(Load, AFileThatWasNamedMustExist) {
  sources_.file = directory_ + "/none.toml";
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::not_found);
  EXPECT_THAT(loaded.error().message, HasSubstr("configuration file " + *sources_.file));
  sources_.file.reset();
  sources_.environment.emplace_back("SEEKFS_CONFIG", directory_ + "/none.toml");
  EXPECT_FALSE(load());
}

TEST_F(Load, AutomaticMemoryIsAQuarterAndSixteenGibibytesAtMost) {
  EXPECT_EQ(load()->values.cache.l1_memory, 2 * GiB);
  const auto large =
      load_config(env::posix_file_system(), sources_, full_build(), {.memory_bytes = 512 * GiB, .home = ""});
  EXPECT_EQ(large->values.cache.l1_memory, 16 * GiB);
  EXPECT_EQ(large->values.manifest.memory, 8 * GiB);
  const auto small =
      load_config(env::posix_file_system(), sources_, full_build(), {.memory_bytes = 256 * MiB, .home = ""});
  EXPECT_EQ(small->values.cache.l1_memory, 64 * MiB);
  EXPECT_EQ(small->values.manifest.memory, 256 * MiB);
}

TEST_F(Load, PathStyleFollowsTheEndpointUnlessTold) {
  EXPECT_FALSE(load()->values.s3.path_style);
  flag("s3.endpoint", "http://localhost:9000");
  EXPECT_TRUE(load()->values.s3.path_style);
  flag("s3.path_style", "false");
  EXPECT_FALSE(load()->values.s3.path_style);
}

TEST_F(Load, AnL2InMemoryIsAsLargeAsL1UnlessTold) {
  flag("cache.l2.backend", "mem");
  flag("cache.l1_memory", "1GiB");
  EXPECT_EQ(load()->values.cache.l2.capacity, GiB);
  flag("cache.l2.capacity", "3GiB");
  EXPECT_EQ(load()->values.cache.l2.capacity, 3 * GiB);
}

TEST_F(Load, AliasesWorkAndWarnOnce) {
  sources_.file = write(
      "[cache]\nslab_size_mib = 4\nl1_memory_gib = 2\n[cache.l2]\nbackend = \"slabfile\"\nslabfile_path = \"/old\"\n"
      "l2_ssd_gib = 1.5\n");
  sources_.environment = {{"SEEKFS_CACHE__L1_MEMORY_GIB", "3"}};
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->values.publish.page_size, 4 * MiB);
  EXPECT_EQ(loaded->values.cache.l1_memory, 3 * GiB);
  EXPECT_EQ(loaded->values.cache.l2.backend, L2Backend::segmentstore);
  EXPECT_THAT(loaded->values.cache.l2.segment_paths, ElementsAre("/old"));
  EXPECT_EQ(loaded->values.cache.l2.capacity, 3 * GiB / 2);
  EXPECT_THAT(loaded->warnings,
              testing::UnorderedElementsAre(HasSubstr("cache.slab_size_mib is an older name of publish.page_size"),
                                            HasSubstr("cache.l1_memory_gib is an older name of cache.l1_memory"),
                                            HasSubstr("\"slabfile\" is an older word for \"segmentstore\""),
                                            HasSubstr("cache.l2.slabfile_path is an older name"),
                                            HasSubstr("cache.l2.l2_ssd_gib is an older name")));
}

TEST_F(Load, AKeyAndItsAliasAtOnceAreAnErrorInOneSourceOnly) {
  sources_.file = write("[cache]\nl1_memory = \"1GiB\"\nl1_memory_gib = 2\n");
  EXPECT_EQ(error(), "F:3: cache.l1_memory and its alias cache.l1_memory_gib are both set (F:2); keep cache.l1_memory");
  sources_.file = write("[cache]\nl1_memory_gib = 2\n");
  flag("cache.l1_memory", "1GiB");
  EXPECT_EQ(load()->values.cache.l1_memory, GiB);
}

TEST_F(Load, WhatTheAwsToolsWereToldStandsForTheDefaults) {
  sources_.environment = {{"AWS_DEFAULT_REGION", "eu-west-1"},
                          {"AWS_REGION", "eu-north-1"},
                          {"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"},
                          {"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                          {"AWS_CA_BUNDLE", "/etc/ca.pem"}};
  const auto told = load();
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->values.s3.region, "eu-north-1");
  EXPECT_EQ(told->values.s3.endpoint, "http://127.0.0.1:9");
  EXPECT_TRUE(told->values.s3.path_style) << "as with an endpoint of the file";
  EXPECT_EQ(told->values.s3.ca_bundle, "/etc/ca.pem");
  sources_.file = write("[s3]\nregion = \"sa-east-1\"\n");
  EXPECT_EQ(load()->values.s3.region, "sa-east-1");
  sources_.file.reset();
  sources_.environment = {{"AWS_ENDPOINT_URL", "nowhere"}};
  EXPECT_THAT(error(), HasSubstr("AWS_ENDPOINT_URL"));
}

TEST_F(Load, SecretsAreNeverShown) {
  sources_.file = write("[s3]\naccess_key_id = \"id\"\nsecret_access_key = \"hush-hush\"\nsession_token = \"tok\"\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->values.s3.secret_access_key, "hush-hush");
  const std::string text = show_config(*loaded, true);
  EXPECT_THAT(text, testing::Not(HasSubstr("hush")));
  EXPECT_THAT(text, testing::Not(HasSubstr("tok\"")));
  EXPECT_THAT(text, HasSubstr("s3.secret_access_key = \"********\""));
  sources_.file = write("s3.secret_access_key = 12345");
  EXPECT_EQ(error(), "F:1: s3.secret_access_key = \"********\": expected a text");
}

TEST_F(Load, ShowGivesTomlThatLoadsBack) {
  flag("store.type", "mem");
  flag("api.listen", "127.0.0.1:1,[::1]:2");
  const auto first = load();
  ASSERT_TRUE(first);
  const std::string text = show_config(*first, true);
  EXPECT_THAT(text, testing::ContainsRegex("store.type = \"mem\" +# --store.type\n"));
  EXPECT_THAT(text, testing::ContainsRegex("cache.l1_memory = \"2GiB\" +# default \\(auto\\)\n"));
  sources_.flags.clear();
  sources_.file = write(text);
  const auto second = load();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(show_config(*second, false), show_config(*first, false));
}

TEST_F(Load, ABackendThatWasChosenAndIsNotInTheBuildIsAnError) {
  const BuildFeatures bare{{{"cache.l2.backend", "segmentstore", "SEEKFS_WITH_SEGMENTSTORE", false}}};
  EXPECT_EQ(error_of("cache.l2.backend = \"segmentstore\"", bare),
            "F:1: cache.l2.backend = \"segmentstore\": this build has no segmentstore; the build option "
            "SEEKFS_WITH_SEGMENTSTORE adds it");
  EXPECT_EQ(error_of("cache.l2.backend = \"slabfile\"", bare),
            "F:1: cache.l2.backend = \"slabfile\": this build has no segmentstore; the build option "
            "SEEKFS_WITH_SEGMENTSTORE adds it");
}

TEST_F(Load, APartThatNoBuildOptionAddsIsOneThatThisVersionLacks) {
  const BuildFeatures bare{{{"s3.engine", "crt", "", false}}};
  EXPECT_EQ(error_of("store.type = \"s3\"\ns3.bucket = \"b\"\ns3.engine = \"crt\"", bare),
            "F:3: s3.engine = \"crt\": this version has no crt");
}

TEST_F(Load, EveryFeatureOfThisBuildNamesAKeyAndAChoice) {
  for (const Feature& part : this_build().parts) {
    const Key* key = find_key(part.key);
    ASSERT_NE(key, nullptr) << part.key;
    EXPECT_THAT(split_choices(key->rule.choices), testing::Contains(part.choice));
  }
}

}  // namespace
}  // namespace seekfs::app
