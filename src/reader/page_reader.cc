// Keys by the thread's cache of them; places in the store by the manifest.
#include "reader/page_reader.h"

#include "reader/file_key_cache.h"

namespace seekfs::reader {
namespace {

const manifest::FileKey& key_of(const FileRef& file) {
  thread_local FileKeyCache keys;
  return keys.get(file);
}

/// Pins the manifest for as long as a page of the file is on its way.
class ManifestPageTable final : public fetch::PageTable {
 public:
  ManifestPageTable(FileRef file, const manifest::FileKey& file_key) : file_(std::move(file)), file_key_(file_key) {}

  std::uint32_t page_count() const override { return file_.manifest().page_count(file_.index()); }
  Row row(std::uint32_t page_id) const override {
    const manifest::Page page = file_.manifest().page(file_.index(), page_id);
    return {.key = {.file = file_key_, .page_id = page_id, .off = page.off, .len = page.len}, .crc32c = page.crc32c};
  }

 private:
  FileRef file_;
  manifest::FileKey file_key_;
};

}  // namespace

PageReader::PageReader(const FileRef& file) : file_(file), file_key_(key_of(file)) {}

fetch::PageRequest PageReader::request(std::uint32_t page_id, const manifest::Page& page) {
  if (!source_) {
    manifest::Storage storage = file_.manifest().storage(file_.index());
    auto source = std::make_shared<fetch::PageSource>();
    source->ns = file_.ns();
    file_.manifest().path(file_.index(), source->path);
    file_.manifest().hash_hex(file_.index(), source->hash);
    source->object = {.key = std::move(storage.key),
                      .if_match = std::move(storage.etag),
                      .version_id = std::move(storage.version_id)};
    source->object_off = storage.off;
    source->pages = std::make_shared<ManifestPageTable>(file_, file_key_);
    source_ = std::move(source);
  }
  return {.key = key(page_id, page), .crc32c = page.crc32c, .source = source_};
}

}  // namespace seekfs::reader
