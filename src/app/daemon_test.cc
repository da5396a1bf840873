// The daemon as a whole from the inside: its end while reads are under way.
#include "app/daemon.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "async/promise.h"
#include "env/temp_directory_testing.h"
#include "http/server_testing.h"
#include "manifest/codec.h"
#include "manifest/layout.h"
#include "objectstore/fs_store_testing.h"

namespace seekfs::app {
namespace {

constexpr std::uint32_t page_size = 64U << 10U;

/// Puts v-1 of namespace "demo", one file of two pages, into an fs store.
void publish(const std::filesystem::path& root) {
  const auto write = [&root](const std::string& key, const std::string& text) {
    std::filesystem::create_directories((root / key).parent_path());
    std::ofstream(root / key, std::ios::binary) << text;
  };
  const manifest::Manifest content = manifest::oracle_manifest("demo", 1, {{"f", 2ULL * page_size, page_size}});
  write(content.files[0].storage.key, manifest::oracle_content("demo", "f", 1, 2ULL * page_size));
  write(manifest::manifest_key("demo", 1), manifest::encode_manifest(content));
  write(manifest::head_key("demo"), manifest::format_head(1));
}

/// What a test and the tier that a daemon owns share.
struct Reads {
  async::Promise<void> first_page;
  async::Promise<void> second_page;
  std::atomic<int> begun{0};
  std::atomic<int> running{0};
  std::atomic<int> running_at_the_end{-1};  ///< when the tier was destroyed
};

/// Has every page, and gives it when the test says so.
class HeldL2 final : public l2::L2 {
 public:
  explicit HeldL2(Reads& reads) : reads_(reads) {}
  ~HeldL2() override { reads_.running_at_the_end = reads_.running.load(); }

  bool may_contain(const manifest::PageKey&, const l2::PageFacts&) const override { return true; }
  async::Task<bool> get(manifest::PageKey key, l2::PageFacts facts, std::span<std::byte> out) override {
    ++reads_.running;
    ++reads_.begun;
    SEEKFS_CO_TRY(co_await (key.page_id == 0 ? reads_.first_page : reads_.second_page).wait());
    manifest::oracle_bytes(facts.ns, facts.path, 1, key.off, out);
    --reads_.running;
    co_return true;
  }
  void put(const manifest::PageKey&, const l2::PageFacts&, PageRef) override {}
  void remove(const manifest::PageKey&) override {}
  bool enabled() const override { return true; }
  l2::L2Stats stats() const override { return {}; }

 private:
  Reads& reads_;
};

bool has_thread(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string found;
    std::getline(std::ifstream(task.path() / "comm"), found);
    if (found == name) return true;
  }
  return false;
}

TEST(Daemon, EndsOnlyWhenReadsOfL2ThatNobodyWaitsForHaveEnded) {
  const env::TempDirectory directory;
  publish(directory.path());
  Config config;
  config.store = {.type = StoreType::fs, .path = directory.path(), .prefix = ""};
  config.cache.l1_memory = 16U << 20U;
  config.manifest.cache_path = "";
  config.manifest.memory = 16U << 20U;
  config.api.listen = {"127.0.0.1:0"};
  config.api.threads = 1;
  Reads reads;
  auto daemon = Daemon::start(config, null_logger(), std::make_unique<HeldL2>(reads));
  ASSERT_TRUE(daemon) << daemon.error().message;

  // The reader waits for its first page, while the second is being read ahead; it leaves, and finds out when the first
  // one cannot be sent. The second page is then read for nobody.
  http::RawClient client((*daemon)->addresses().at(0));
  client.send("GET /blob?ns=demo&path=f HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (reads.begun < 2) std::this_thread::yield();
  client.abort();
  reads.first_page.set({});

  std::thread ending([&daemon] { daemon->reset(); });
  // In the wrong order the reactor would be gone by now, and the read would come back to freed memory.
  for (int i = 0; i < 3000 && has_thread("http-0"); ++i) std::this_thread::yield();
  EXPECT_TRUE(has_thread("http-0"));
  reads.second_page.set({});
  ending.join();
  EXPECT_EQ(reads.running_at_the_end, 0);
}

}  // namespace
}  // namespace seekfs::app
