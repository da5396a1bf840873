// Hashes of uploads: their values, and that they keep no coroutine's thread busy.
#include "objectstore/s3/body_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <latch>
#include <string>
#include <thread>

#include "async/sync_wait.h"

namespace seekfs::objectstore::s3 {
namespace {

TEST(BodyHash, Md5IsMadeOnThePool) {
  std::latch begun(1);
  std::latch go_on(1);
  async::ThreadPool pool("hash-test", 1);
  pool.post([&] {
    begun.count_down();
    go_on.wait();
  });
  begun.wait();
  const std::string part = "abc";
  std::jthread caller([&] {
    const auto md5 = async::sync_wait(md5_of_part(pool, std::as_bytes(std::span(part))));
    ASSERT_TRUE(md5);
    EXPECT_EQ(*md5, "900150983cd24fb0d6963f7d28e17f72");
  });
  while (pool.queued() == 0) std::this_thread::yield();
  go_on.count_down();
}

TEST(BodyHash, TheEntityTagOfPartsIsTheMd5OfTheirs) {
  const std::array<std::string, 2> parts = {"\"900150983cd24fb0d6963f7d28e17f72\"",
                                            "\"900150983cd24fb0d6963f7d28e17f72\""};
  const auto whole = etag_of_parts(parts);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->ends_with("-2\"")) << *whole;
  const std::array<std::string, 1> encrypted = {"\"not-an-md5\""};
  EXPECT_EQ(etag_of_parts(encrypted), std::nullopt);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
