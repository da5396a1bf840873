// One GET whose body goes through the hasher.
#include "publish/object_content.h"

#include <utility>
#include <vector>

#include "async/sync_wait.h"
#include "base/units.h"
#include "manifest/in_quotes.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

class HashingSink final : public objectstore::BodySink {
 public:
  explicit HashingSink(ContentHasher& hasher) : hasher_(hasher), buffer_(256 * KiB) {}
  std::span<std::byte> prepare() override { return buffer_; }
  void commit(std::size_t count) override { hasher_.update(std::span(buffer_).first(count)); }

 private:
  ContentHasher& hasher_;
  std::vector<std::byte> buffer_;
};

}  // namespace

Result<HashedObject> hash_object(objectstore::ObjectStore& store, const SourceFile& source, std::uint32_t page_size) {
  ContentHasher hasher(page_size);
  HashingSink sink(hasher);
  auto info = async::sync_wait(
      store.get({.key = source.key, .if_match = source.etag, .version_id = {}}, std::nullopt, sink, publish_options));
  if (info && hasher.size() == source.size) return HashedObject{hasher.finish(), std::move(*info)};
  if (info || info.error().code == ErrorCode::precondition_failed || info.error().code == ErrorCode::not_found) {
    return fail(ErrorCode::source_changed,
                "object " + manifest::in_quotes(source.key) +
                    " changed while it was being published; publish again once it is at rest");
  }
  return std::unexpected<Error>(std::move(info).error());
}

}  // namespace seekfs::publish
