// When HEAD is read again: manifests that were loaded together are not refreshed together.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t page_size = 64U << 10U;
constexpr std::size_t count = 40;

std::string name_of(std::size_t number) { return "ns" + std::to_string(number); }

void open_all(TestNode& node) {
  for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(node.open(name_of(i), "f"));
}

/// What was read of the namespaces so far, by the time at which a namespace that nobody knew before has been loaded,
/// behind all that was started.
std::size_t gets_so_far(TestNode& node, const std::string& stranger) {
  node.publish(stranger, 1, {{"f", 10, page_size}});
  EXPECT_TRUE(node.open(stranger, "f"));
  return node.gets("/ns");
}

TEST(ManifestRefresh, HeadsThatWereReadTogetherAreDueAtDifferentTimes) {
  TestNode node;
  for (std::size_t i = 0; i < count; ++i) node.publish(name_of(i), 1, {{"f", 10, page_size}});
  open_all(node);
  const std::size_t loaded = gets_so_far(node, "a");

  node.clock.advance(seconds(10) - milliseconds(1));
  open_all(node);
  EXPECT_EQ(gets_so_far(node, "b"), loaded) << "not before the ttl is over";

  node.clock.advance(milliseconds(501));
  open_all(node);
  const std::size_t half_time = gets_so_far(node, "c") - loaded;
  EXPECT_GT(half_time, count / 4);
  EXPECT_LT(half_time, count * 3 / 4);

  node.clock.advance(milliseconds(501));
  open_all(node);
  while (node.gets("/ns") < loaded + count) std::this_thread::yield();
  EXPECT_EQ(gets_so_far(node, "d"), loaded + count) << "each once, a tenth of the ttl later";
}

}  // namespace
}  // namespace seekfs::reader
