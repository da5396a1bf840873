// The ranges of an object, in order through the hasher.
#include "publish/object_content.h"

#include <utility>

#include "manifest/in_quotes.h"

namespace seekfs::publish {
namespace {

/// Whether the object is not, or not all along, the one that was listed.
bool is_other_object(ErrorCode code) {
  return code == ErrorCode::precondition_failed || code == ErrorCode::not_found || code == ErrorCode::invalid ||
         code == ErrorCode::source_changed;
}

}  // namespace

async::Task<HashedObject> hash_object(RangedReader& reader, const SourceFile& source, std::uint32_t page_size,
                                      std::function<void(std::uint64_t)> advanced) {
  ContentHasher hasher(page_size);
  std::string etag = source.etag;
  if (etag.empty()) {  // some stores list none
    SEEKFS_CO_ASSIGN(const objectstore::ObjectInfo head, co_await reader.read({.key = source.key}, {}, {}));
    etag = head.etag;
  }
  auto info = co_await reader.read({.key = source.key, .if_match = std::move(etag), .version_id = {}},
                                   {.off = 0, .len = source.size}, [&](std::span<const std::byte> bytes) {
                                     hasher.update(bytes);
                                     advanced(bytes.size());
                                   });
  if (info && info->size == source.size) co_return HashedObject{hasher.finish(), std::move(*info)};
  if (info || is_other_object(info.error().code)) {
    co_return fail(ErrorCode::source_changed,
                   "object " + manifest::in_quotes(source.key) +
                       " changed while it was being published; publish again once it is at rest");
  }
  co_return std::unexpected<Error>(std::move(info).error());
}

}  // namespace seekfs::publish
