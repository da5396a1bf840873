// Temporary file, hash, rename.
#include "cli/download.h"

#include <fmt/format.h>

#include <string_view>

#include "base/sha256.h"

namespace seekfs::cli {
namespace {

/// An error of this machine's files is no error of the origin, whatever its code.
std::unexpected<Error> local_error(const Error& error) {
  return std::unexpected(Error(ErrorCode::internal, error.message, error.where));
}

/// Removes a file unless told to keep it.
class TemporaryFile {
 public:
  TemporaryFile(env::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~TemporaryFile() {
    // Nothing more can be done about a file that cannot be removed; its name says what it is.
    if (kept_) return;
    [[maybe_unused]] const Status removed = files_.remove_file(path_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  env::FileSystem& files_;
  std::string path_;
  bool kept_ = false;
};

/// Beside the target, so that a rename gets it there. Short, whatever the target is called: a name may have 255 bytes,
/// and a published one uses them all.
std::string temporary_path(const std::string& target, env::Random& random) {
  const std::size_t slash = target.rfind('/');
  const std::string_view directory = std::string_view(target).substr(0, slash == std::string::npos ? 0 : slash + 1);
  return fmt::format("{}.seekfs-{:016x}", directory, random.next());
}

Status check(const FileName& file, const FileFacts& facts, std::uint64_t written, const std::string& hash) {
  if (facts.size != written) {
    return fail(ErrorCode::hash_mismatch, fmt::format("{}: {} bytes arrived of {}", file.path, written, facts.size));
  }
  if (!facts.hash_hex.empty() && facts.hash_hex != hash) {
    return fail(ErrorCode::hash_mismatch,
                fmt::format("{}: the bytes have SHA-256 {}, the manifest says {}", file.path, hash, facts.hash_hex));
  }
  return {};
}

}  // namespace

Result<FileFacts> download(DataSource& source, const FileName& file, env::FileSystem& files, env::Random& random,
                           const std::string& target, const DownloadProgress& progress) {
  TemporaryFile temporary(files, temporary_path(target, random));
  auto opened = files.open(temporary.path(), {.read = false, .write = true, .create = true, .exclusive = true});
  if (!opened) {
    temporary.keep();
    return local_error(opened.error());
  }
  const std::unique_ptr<env::File> out = std::move(*opened);
  std::uint64_t written = 0;
  Sha256 hash;
  const auto receive = [&](std::span<const std::byte> bytes) -> Status {
    hash.update(bytes);
    if (auto wrote = out->write_at(written, bytes); !wrote) return local_error(wrote.error());
    written += bytes.size();
    if (progress) progress(bytes.size());
    return {};
  };
  SEEKFS_ASSIGN(FileFacts facts, source.read(file, 0, std::nullopt, receive));
  SEEKFS_TRY(check(file, facts, written, hash.finish().hex()));
  if (auto renamed = files.rename(temporary.path(), target); !renamed) return local_error(renamed.error());
  temporary.keep();
  return facts;
}

}  // namespace seekfs::cli
