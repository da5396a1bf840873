// Writing of a manifest: the canonical JSON, plain or packed.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/base64.h"
#include "manifest/codec.h"
#include "manifest/format_names.h"
#include "manifest/gzip.h"
#include "manifest/json_text.h"
#include "manifest/page_tables.h"

namespace seekfs::manifest {
namespace {

/// Above this many pages a version's tables are packed, unless told.
constexpr std::uint64_t packed_from_pages = 1'000'000;

/// How much text is gathered before it is handed on.
constexpr std::size_t chunk_bytes = std::size_t{256} << 10U;

class Writer {
 public:
  using Drain = std::function<void(std::string&)>;

  /// `drain`, where there is one, takes the text away whenever some has come together.
  Writer(const Manifest& manifest, const WriteOptions& options, Drain drain)
      : manifest_(manifest), drain_(std::move(drain)) {
    for (const FileEntry& file : manifest.files) files_.push_back(&file);
    std::ranges::sort(files_, {}, [](const FileEntry* file) -> const std::string& { return file->path; });
    packed_ = options.packed_pages.value_or(count_pages() > packed_from_pages);
  }

  std::string write() {
    const bool any_packed = std::ranges::any_of(files_, [this](const FileEntry* file) { return is_packed(*file); });
    out_ += R"({"format":)";
    append_json_string(out_, manifest_format);
    out_ += R"(,"requires":[)";
    if (any_packed) append_json_string(out_, packed_pages_feature);
    append(R"(],"version":{},"created_at":{},"parents":[{}],"tombstones":[)", manifest_.version, manifest_.created_at,
           fmt::join(manifest_.parents, ","));
    std::vector<std::string_view> dropped(manifest_.tombstones.begin(), manifest_.tombstones.end());
    std::ranges::sort(dropped);
    separated(dropped, [this](std::string_view path) { append_json_string(out_, path); });
    out_ += R"(],"files":[)";
    separated(files_, [this](const FileEntry* file) { write_file(*file); });
    out_ += "]}";
    return std::move(out_);
  }

 private:
  template <class... Args>
  void append(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  template <class Range, class Write>
  void separated(const Range& range, Write write) {
    bool first = true;
    for (const auto& element : range) {
      if (!std::exchange(first, false)) out_ += ',';
      write(element);
      if (drain_ && out_.size() >= chunk_bytes) drain_(out_);
    }
  }

  std::uint64_t count_pages() const {
    std::uint64_t pages = 0;
    for (const FileEntry* file : files_) pages += file->pages.size();
    return pages;
  }

  bool is_packed(const FileEntry& file) const {
    return packed_ && !file.pages.empty() && uniform_page_size(file.pages).has_value();
  }

  void write_file(const FileEntry& file) {
    out_ += R"({"path":)";
    append_json_string(out_, file.path);
    append(R"(,"size":{},"hash":)", file.size);
    append_json_string(out_, file.hash.to_string());
    if (file.mtime && *file.mtime >= 0) append(R"(,"mtime":{})", *file.mtime);
    if (is_packed(file)) {
      write_packed(file);
    } else {
      write_page_table(file);
    }
    write_storage(file.storage);
    out_ += '}';
  }

  void write_page_table(const FileEntry& file) {
    out_ += R"(,"page_table":[)";
    std::size_t id = 0;
    separated(file.pages, [&](const Page& page) {
      append(R"({{"page_id":{},"off":{},"len":{},"crc32c":{}}})", id++, page.off, page.len, page.crc32c);
    });
    out_ += ']';
  }

  void write_packed(const FileEntry& file) {
    std::vector<std::byte> words;
    words.reserve(file.pages.size() * sizeof(std::uint32_t));
    for (const Page& page : file.pages) {
      for (unsigned shift = 0; shift < 32; shift += 8) words.push_back(static_cast<std::byte>(page.crc32c >> shift));
    }
    append(R"(,"pages":{{"size":{},"crc32c":"{}"}})", *uniform_page_size(file.pages), base64_encode(words));
  }

  void write_storage(const Storage& storage) {
    out_ += R"(,"storage":{"key":)";
    append_json_string(out_, storage.key);
    write_optional("etag", storage.etag);
    write_optional("version_id", storage.version_id);
    write_optional("sse", storage.sse);
    if (storage.off != 0) append(R"(,"off":{})", storage.off);
    out_ += '}';
  }

  void write_optional(std::string_view name, const std::optional<std::string>& value) {
    if (!value) return;
    append(R"(,"{}":)", name);
    append_json_string(out_, *value);
  }

  const Manifest& manifest_;
  Drain drain_;
  std::vector<const FileEntry*> files_;
  bool packed_ = false;
  std::string out_;
};

}  // namespace

std::string encode_manifest_json(const Manifest& manifest, const WriteOptions& options) {
  return Writer(manifest, options, nullptr).write();
}

std::string encode_manifest(const Manifest& manifest, const WriteOptions& options) {
  GzipWriter gzip;
  const auto drain = [&gzip](std::string& text) {
    gzip.write(text);
    text.clear();
  };
  gzip.write(Writer(manifest, options, drain).write());
  return gzip.finish();
}

}  // namespace seekfs::manifest
