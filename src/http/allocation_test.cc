// A hit allocates nothing: malloc of this program counts what each thread asks for.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "http/node_server_testing.h"

// The sanitizers have an allocator of their own, and asio's caches are off under them.
#ifndef SEEKFS_SANITIZED

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> counted{0};

/// Only what the server's reactor asks for.
void count_allocation() noexcept {
  if (!counting.load(std::memory_order_relaxed)) return;
  char name[16] = {};
  pthread_getname_np(pthread_self(), name, sizeof name);
  if (std::string_view(name).starts_with("http-")) counted.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// The names of glibc's own allocator, which these stand before.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT(bugprone-reserved-identifier): glibc's name
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT(bugprone-reserved-identifier): glibc's name
void* __libc_realloc(void* block, std::size_t size);             // NOLINT(bugprone-reserved-identifier): glibc's name
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT(bugprone-reserved-identifier): glibc's name

void* malloc(std::size_t size) {
  count_allocation();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  count_allocation();
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
}

namespace seekfs::http {
namespace {

/// Allocations of the server's reactor while `target` is asked for `times` times.
std::size_t allocations_of(PlainClient& client, std::string_view target, std::size_t bytes, int times) {
  counted = 0;
  counting = true;
  for (int i = 0; i < times; ++i) {
    if (!client.get(target, bytes)) {
      ADD_FAILURE() << "request " << i << " of " << target << " was not answered by " << bytes << " bytes";
      break;
    }
  }
  counting = false;
  return counted;
}

TEST(Allocations, AHitOnAKeptConnectionMakesNone) {
  NodeServer server({{"one.bin", 4096, 4096}, {"many.bin", 40'000, 4096}, {"cold.bin", 4096, 4096}});
  PlainClient client(server.address());
  constexpr std::string_view one = "/blob?ns=demo&path=one.bin";
  constexpr std::string_view many = "/blob?ns=demo&path=many%2ebin&off=100&len=30000";
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(client.get(one, 4096));
    ASSERT_TRUE(client.get(many, 30'000));
  }
  EXPECT_EQ(allocations_of(client, one, 4096, 1000), 0U);
  EXPECT_EQ(allocations_of(client, many, 30'000, 200), 0U);
  // A miss does allocate: the count is one that can fail.
  EXPECT_GT(allocations_of(client, "/blob?ns=demo&path=cold.bin", 4096, 1), 0U);
}

}  // namespace
}  // namespace seekfs::http

#endif
