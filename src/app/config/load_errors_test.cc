// Every error that a configuration can have, with the place, the key, the value and what is accepted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/load_testing.h"

namespace seekfs::app {
namespace {

using testing::HasSubstr;

TEST_F(Load, UnknownNamesGetASuggestion) {
  EXPECT_EQ(error_of("[s3]\nbukcet = \"x\"\n"), "F:2: unknown key s3.bukcet; did you mean s3.bucket?");
  EXPECT_EQ(error_of("[zzz]\nq = 1\n"), "F:1: unknown section [zzz]");
  EXPECT_EQ(error_of("[manifets]\nttl = \"1s\"\n"), "F:1: unknown section [manifets]; did you mean [manifest]?");
  EXPECT_EQ(error_of("[auth]\ntoken = 1\n"), "F:1: [auth] is reserved; this version takes no keys there");
  sources_.file.reset();
  sources_.environment = {{"SEEKFS_S3__BUKCET", "x"}};
  EXPECT_EQ(error(), "SEEKFS_S3__BUKCET: unknown key s3.bukcet; did you mean SEEKFS_S3__BUCKET?");
  sources_.environment = {{"SEEKFS_TLS__CERT", "x"}};
  EXPECT_EQ(error(), "SEEKFS_TLS__CERT: [tls] is reserved; this version takes no keys there");
}

TEST_F(Load, BrokenFilesNameTheirPlace) {
  EXPECT_THAT(error_of("[store]\ntype = \n"), HasSubstr("F:2:8: "));
  EXPECT_THAT(error_of("[store]\ntype = \"fs\"\ntype = \"mem\"\n"), HasSubstr("F:3:"));
  EXPECT_EQ(error_of("api.listen = [1]"), "F:1: api.listen: a list holds texts only");
  EXPECT_EQ(error_of("api.listen = 2024-01-01"), "F:1: api.listen: no key takes a date or a time of day");
  EXPECT_THAT(error_of("[api.listen]\nx = 1"), HasSubstr("F:1: unknown section [api.listen]"));
  EXPECT_THAT(error_of("api = 3"), HasSubstr("F:1: unknown key api"));
}

struct Bad {
  std::string toml;
  std::string message;
};
class BadValue : public Load, public testing::WithParamInterface<Bad> {};

TEST_P(BadValue, IsNamedWithItsPlaceAndWhatIsAccepted) {
  EXPECT_THAT(error_of(GetParam().toml), testing::StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadValue,
    testing::Values(
        Bad{"store.type = \"s4\"", "F:1: store.type = \"s4\": expected one of s3, fs, mem"},
        Bad{"store.type = \"fs\"", "F:1: store.type = \"fs\": an fs store needs store.path"},
        Bad{"store.path = \"/x\"", "F:1: store.path = \"/x\": only an fs store has a path"},
        Bad{"store.prefix = \"a\"", "F:1: store.prefix = \"a\": a prefix ends with \"/\""},
        Bad{"store.prefix = \"/a/\"", "F:1: store.prefix = \"/a/\": a prefix ends with \"/\""},
        Bad{"s3.engine = \"boto\"", "F:1: s3.engine = \"boto\": expected one of native, sdk, crt"},
        Bad{"s3.endpoint = \"localhost:9000\"", "F:1: s3.endpoint = \"localhost:9000\": expected http://HOST"},
        Bad{"s3.endpoint = \"ftp://h\"", "F:1: s3.endpoint = \"ftp://h\": expected http://HOST"},
        Bad{"s3.endpoint = \"http://u:p@h\"", "F:1: s3.endpoint: expected http://HOST"},
        Bad{"s3.endpoint = \"http://\"", "F:1: s3.endpoint = \"http://\": expected http://HOST"},
        Bad{"s3.region = \"\"", "F:1: s3.region = \"\": a region is never empty"},
        Bad{"s3.bucket = \"a/b\"", "F:1: s3.bucket = \"a/b\": a bucket's name holds no \"/\""},
        Bad{"s3.access_key_id = \"x\"", "F:1: s3.access_key_id = \"x\": s3.access_key_id and s3.secret_access_key"},
        Bad{"s3.secret_access_key = \"x\"", "F:1: s3.secret_access_key = \"********\": s3.access_key_id and"},
        Bad{"s3.access_key_id = \"x\"\ns3.secret_access_key = \"y\"\ns3.anonymous = true",
            "F:3: s3.anonymous = true: anonymous requests take no s3.access_key_id"},
        Bad{"s3.range_coalesce_max_mib = 0", "F:1: s3.range_coalesce_max_mib = 0: expected a whole number from 1 to"},
        Bad{"s3.retry_max_attempts = \"3x\"", "F:1: s3.retry_max_attempts = \"3x\": expected a whole number"},
        Bad{"publish.page_size = \"100KiB\"", "F:1: publish.page_size = \"100KiB\": expected a power of two"},
        Bad{"publish.page_size = \"32KiB\"", "F:1: publish.page_size = \"32KiB\": expected a size such as"},
        Bad{"cache.slab_size_mib = 128", "F:1: cache.slab_size_mib = 128: expected a size such as"},
        Bad{"cache.slab_size_mib = 3", "F:1: publish.page_size = \"3MiB\": expected a power of two"},
        Bad{"cache.l1_memory = \"lots\"", "F:1: cache.l1_memory = \"lots\": expected a size such as"},
        Bad{"cache.l2.backend = \"lmdb\"", "F:1: cache.l2.backend = \"lmdb\": expected one of segmentstore, blobdb"},
        Bad{"cache.l2.segment_path = []", "F:1: cache.l2.segment_path = []: expected a text or a list of texts"},
        Bad{"cache.l2.segment_path = [\"/a\", \"/a\"]", "F:1: cache.l2.segment_path = [\"/a\", \"/a\"]: a directory"},
        Bad{"cache.l2.segment_path = [\"/a\", \"/b\"]\ncache.l2.backend = \"blobdb\"",
            "F:1: cache.l2.segment_path = [\"/a\", \"/b\"]: blobdb takes one directory"},
        Bad{"cache.l2.min_free = \"150%\"", "F:1: cache.l2.min_free = \"150%\": expected a share such as"},
        Bad{"manifest.ttl = 10", "F:1: manifest.ttl = 10: expected a time such as \"10s\""},
        Bad{"manifest.ttl = \"0s\"", "F:1: manifest.ttl = \"0s\": expected a time such as \"10s\" from 1ms to 30d"},
        Bad{"api.listen = \"nonsense\"", "F:1: api.listen = \"nonsense\": listen address 'nonsense': write"},
        Bad{"api.listen = \"127.0.0.1:70000\"",
            "F:1: api.listen = \"127.0.0.1:70000\": listen address '127.0.0.1:70000': write"},
        Bad{"api.listen = \"unix:run/s\"", "F:1: api.listen = \"unix:run/s\": listen address 'unix:run/s': write"},
        Bad{"api.socket_mode = \"1777\"", "F:1: api.socket_mode = \"1777\": expected permission bits in octal"},
        Bad{"api.listen = \"0.0.0.0:7070\"", "F:1: api.listen = \"0.0.0.0:7070\": 0.0.0.0:7070 is not a loopback"},
        Bad{"api.listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]",
            "F:1: api.listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]: an"},
        Bad{"api.dev_endpoints = 1", "F:1: api.dev_endpoints = 1: expected true or false"},
        Bad{"log.level = \"loud\"", "F:1: log.level = \"loud\": expected one of debug, info"}));

TEST_F(Load, AnAddressThatIsNotLoopbackIsFineWhenAskedFor) {
  flag("api.listen", "0.0.0.0:7070");
  flag("api.insecure_listen", "true");
  EXPECT_TRUE(load());
}

}  // namespace
}  // namespace seekfs::app
