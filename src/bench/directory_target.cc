// A directory as a target: local, or a mount of whatever file system.
#include <map>

#include <fmt/format.h>

#include "bench/page_cache_drop.h"
#include "bench/targets.h"

namespace seekfs::bench {
namespace {

class DirectoryReader final : public TargetReader {
 public:
  DirectoryReader(std::string directory, env::FileSystem& files) : directory_(std::move(directory)), files_(files) {}

  Status open(const std::string& path) override {
    // Shards stay open, as a loader of records has them; small files are opened for their one read.
    if (!path.starts_with("shards/") || open_.contains(path)) return {};
    SEEKFS_ASSIGN(open_[path], files_.open(directory_ + "/" + path, {}));
    return {};
  }

  Status read(const Range& range, std::span<std::byte> out) override {
    if (const auto shard = open_.find(range.path); shard != open_.end()) return read_from(*shard->second, range, out);
    SEEKFS_ASSIGN(const auto file, files_.open(directory_ + "/" + range.path, {}));
    return read_from(*file, range, out);
  }

  Status read_batch(std::span<const Range> ranges, std::span<std::byte> out) override {
    for (const Range& range : ranges) {
      SEEKFS_TRY(read(range, out.first(range.length)));
      out = out.subspan(range.length);
    }
    return {};
  }

 private:
  static Status read_from(env::File& file, const Range& range, std::span<std::byte> out) {
    SEEKFS_ASSIGN(const std::size_t got, file.read_at(range.offset, out));
    if (got == out.size()) return {};
    return fail(ErrorCode::corrupt, fmt::format("{} ends {} bytes early", range.path, out.size() - got));
  }

  std::string directory_;
  env::FileSystem& files_;
  std::map<std::string, std::unique_ptr<env::File>> open_;
};

class DirectoryTarget final : public Target {
 public:
  DirectoryTarget(std::string name, std::string directory, env::FileSystem& files)
      : name_(std::move(name)), directory_(std::move(directory)), files_(files) {}

  const std::string& name() const override { return name_; }

  Result<std::string> description() override {
    SEEKFS_ASSIGN(const std::string type, files_.type_name(directory_));
    return fmt::format("a directory on {} by preadv(2); batches are reads one after the other", type);
  }

  Result<DataSet> data_set() override {
    auto text = read_file(files_, directory_ + "/" + std::string(description_path), 64 * KiB);
    if (!text) return std::unexpected(text.error().with_context("reading the data set's description"));
    return parse_data_set(*text);
  }

  Result<std::unique_ptr<TargetReader>> make_reader() override {
    return std::make_unique<DirectoryReader>(directory_, files_);
  }

  Result<std::vector<std::string>> drop_caches(const DataSet& data) override {
    SEEKFS_TRY(files_.sync_file_system(directory_));
    std::uint64_t resident = 0;
    const auto drop = [&](const std::string& path) -> Status {
      SEEKFS_ASSIGN(const bool gone, drop_from_page_cache(directory_ + "/" + path, files_));
      resident += gone ? 0 : 1;
      return {};
    };
    for (std::uint64_t number = 0; number < data.shards; ++number) SEEKFS_TRY(drop(DataSet::shard_path(number)));
    for (std::uint64_t number = 0; number < data.small_files; ++number) SEEKFS_TRY(drop(DataSet::small_path(number)));
    std::vector<std::string> left;
    if (resident > 0) left.push_back(fmt::format("{} files, which are still in the kernel's page cache", resident));
    left.emplace_back("the kernel's names and attributes, and caches of the mounted file system or the disk itself");
    return left;
  }

  Result<std::optional<TargetCounters>> counters() override { return std::nullopt; }

 private:
  std::string name_;
  std::string directory_;
  env::FileSystem& files_;
};

}  // namespace

std::unique_ptr<Target> make_directory_target(std::string name, std::string directory, env::FileSystem& files) {
  return std::make_unique<DirectoryTarget>(std::move(name), std::move(directory), files);
}

}  // namespace seekfs::bench
