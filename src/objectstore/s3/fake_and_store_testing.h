// A fake S3 server and a store on it, for tests.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "base/units.h"
#include "objectstore/object_store_contract_testing.h"
#include "objectstore/s3/fake_s3_testing.h"
#include "objectstore/s3/fast_clock_testing.h"
#include "objectstore/s3/s3_rig_testing.h"

namespace seekfs::objectstore::s3 {

/// Parts of any size; the rig's signatures count.
inline FakeS3Options signed_bucket() {
  FakeS3Options options;
  options.min_part_size = 0;
  options.accounts = {{.access_key_id = std::string(rig_access_key), .secret_access_key = std::string(rig_secret_key)}};
  return options;
}

class FakeAndStore final : public StoreUnderTest {
 public:
  explicit FakeAndStore(S3RigOptions options = {}, FakeS3Options server = signed_bucket())
      : fake(std::move(server)), rig(with_endpoint(std::move(options), fake.url())) {}

  ObjectStore& store() override { return rig.store(); }
  env::Clock& clock() override { return rig.clock(); }

  FakeS3 fake;
  S3Rig rig;

 private:
  static S3RigOptions with_endpoint(S3RigOptions options, const std::string& url) {
    options.endpoint = url;
    // Any name below localhost is this machine to libcurl, without a question to DNS; an address has no names below it.
    if (!options.path_style) options.endpoint.replace(url.rfind("127.0.0.1"), 9, "localhost");
    return options;
  }
};

/// Of a store that sends objects from 50,000 bytes in parts of 1 MiB.
inline S3RigOptions in_small_parts() { return {.upload = {.multipart_from = 50'000, .part_size = 1 * MiB}}; }

/// Of a store whose pauses between tries take a moment, and whose requests have all the time of the machine.
inline S3RigOptions on_fast_clock(FastClock& clock) {
  S3RigOptions options{.clock = &clock, .stall_timeout = std::chrono::hours(10)};
  options.attempts.request_timeout = std::chrono::hours(10);
  return options;
}

}  // namespace seekfs::objectstore::s3
