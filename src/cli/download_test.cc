// Tests of downloads: names of every length, and no file where the bytes are not those of the manifest.
#include "cli/download.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/sha256.h"
#include "env/file.h"

namespace seekfs::cli {
namespace {

/// Serves one content under any name and says that it has the hash it was told.
class OneContent final : public DataSource {
 public:
  OneContent(std::string content, std::string hash_hex)
      : content_(std::move(content)), hash_hex_(std::move(hash_hex)) {}
  Result<std::uint64_t> list(const FileName&, bool, const ListReceiver&) override { return 1; }
  Result<FileFacts> stat(const FileName&) override { return facts(); }
  Result<FileFacts> read(const FileName&, std::uint64_t, std::optional<std::uint64_t>,
                         const ByteReceiver& receive) override {
    SEEKFS_TRY(receive(std::as_bytes(std::span(content_))));
    return facts();
  }

 private:
  FileFacts facts() const { return {.version = 1, .size = content_.size(), .hash_hex = hash_hex_, .mtime = {}}; }
  std::string content_;
  std::string hash_hex_;
};

class DownloadTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Result<FileFacts> get(const std::string& name, const std::string& content, const std::string& hash) {
    OneContent source(content, hash);
    return download(source, {.ns = "demo", .path = name, .version = {}}, files_, *random_, directory_ / name);
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  std::filesystem::path directory_;
  env::FileSystem& files_ = env::posix_file_system();
  std::unique_ptr<env::Random> random_ = env::make_seeded_random(1);
};

std::string hash_of(const std::string& content) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(content)));
  return hash.finish().hex();
}

TEST_F(DownloadTest, TheLongestNameThereIs) {
  const std::string name(255, 'x');
  const auto facts = get(name, "content", hash_of("content"));
  ASSERT_TRUE(facts) << facts.error().message;
  std::ifstream in(directory_ / name);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "content");
  EXPECT_EQ(entries(), 1);
}

TEST_F(DownloadTest, OtherBytesThanTheManifestsLeaveNothing) {
  const auto facts = get("file", "content", hash_of("other"));
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, ErrorCode::hash_mismatch);
  EXPECT_EQ(entries(), 0);
}

}  // namespace
}  // namespace seekfs::cli
