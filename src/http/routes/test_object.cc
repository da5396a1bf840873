// /test_head and /test_stream: what the store itself says of an object, past every cache. For developers.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "http/handlers.h"
#include "http/json_text.h"
#include "http/reservation.h"
#include "http/routes/blob_plan.h"
#include "objectstore/object_store.h"

namespace seekfs::http {
namespace {

constexpr std::uint64_t piece_bytes = 1U << 20U;

/// Fills one buffer.
class BufferSink final : public objectstore::BodySink {
 public:
  explicit BufferSink(std::span<std::byte> buffer) : free_(buffer) {}
  std::span<std::byte> prepare() override { return free_; }
  void commit(std::size_t count) override { free_ = free_.subspan(count); }
  std::size_t missing() const noexcept { return free_.size(); }

 private:
  std::span<std::byte> free_;
};

objectstore::RequestOptions demand(const Exchange& exchange) {
  return {objectstore::Purpose::demand, exchange.wait_deadline()};
}

/// `key`, or where the manifest says that the file lies.
async::Task<std::string> object_key(Exchange& exchange) {
  const Query& query = exchange.query;
  if (const auto key = query.get("key")) {
    if (query.get("ns") || query.get("path") || query.get("hash")) {
      co_return fail(ErrorCode::bad_request, "'key' names an object, 'ns' and 'path' a file; send one of them");
    }
    co_return std::string(*key);
  }
  SEEKFS_CO_ASSIGN(const std::string_view ns, query.required("ns"));
  exchange.note.ns = ns;
  SEEKFS_CO_ASSIGN(const std::string_view path, query.required("path"));
  exchange.note.path = path;
  SEEKFS_CO_ASSIGN(const reader::FileRef file,
                   co_await exchange.reader().open(std::string(ns), std::string(path), {}, exchange.wait_deadline()));
  exchange.note.version = file.version();
  if (const auto hash = query.get("hash")) SEEKFS_CO_TRY(check_hash(*hash, file, exchange.scratch.hash));
  co_return file.manifest().storage(file.index()).key;
}

std::string describe(const objectstore::ObjectInfo& info) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("key", info.key).member("size", info.size).member("etag", info.etag).key("version_id");
  if (info.version_id) {
    json.value(*info.version_id);
  } else {
    json.null();
  }
  const auto modified = std::chrono::floor<std::chrono::seconds>(info.modified).time_since_epoch().count();
  json.member("modified", std::int64_t{modified}).end_object();
  return out;
}

/// Sends [off, off + len) piece by piece, each a GET of the same state of the object.
async::Task<void> stream_object(Exchange& exchange, const objectstore::ObjectInfo& info, std::uint64_t off,
                                std::uint64_t len) {
  std::vector<std::byte> buffer(std::min(len, piece_bytes));
  while (len > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(len, buffer.size());
    BufferSink sink(std::span(buffer).first(count));
    const objectstore::ObjectRef object{info.key, info.etag, info.version_id};
    SEEKFS_CO_TRY(co_await exchange.shared.parts.dev_store->get(object, objectstore::ByteRange{off, count}, sink,
                                                                demand(exchange)));
    if (sink.missing() > 0) co_return fail(ErrorCode::corrupt, "the store sent fewer bytes than the object has");
    exchange.writer.body(std::string(reinterpret_cast<const char*>(buffer.data()), count));
    SEEKFS_CO_TRY(co_await exchange.writer.flush());
    off += count;
    len -= count;
  }
  co_return Result<void>{};
}

}  // namespace

async::Task<void> test_head(Exchange& exchange) {
  SEEKFS_CO_TRY(exchange.query.allow_only({"key", "ns", "path", "hash"}));
  SEEKFS_CO_ASSIGN(std::string key, co_await object_key(exchange));
  SEEKFS_CO_ASSIGN(const objectstore::ObjectInfo info,
                   co_await exchange.shared.parts.dev_store->head({std::move(key), {}, {}}, demand(exchange)));
  exchange.reply_json(describe(info));
  co_return Result<void>{};
}

async::Task<void> test_stream(Exchange& exchange) {
  const Query& query = exchange.query;
  SEEKFS_CO_TRY(query.allow_only({"key", "ns", "path", "hash", "off", "len"}));
  SEEKFS_CO_ASSIGN(const auto off, query.number("off"));
  SEEKFS_CO_ASSIGN(const auto len, query.number("len"));
  SEEKFS_CO_ASSIGN(std::string key, co_await object_key(exchange));
  SEEKFS_CO_ASSIGN(const objectstore::ObjectInfo info,
                   co_await exchange.shared.parts.dev_store->head({std::move(key), {}, {}}, demand(exchange)));
  const std::uint64_t begin = off.value_or(0);
  if (begin > 0 && begin >= info.size) {
    exchange.note.file_size = info.size;
    co_return fail(ErrorCode::range_not_satisfiable, fmt::format("the object has {} bytes", info.size));
  }
  ReplyHead head;
  head.content_type = "application/octet-stream";
  head.content_length = std::min(len.value_or(info.size), info.size - begin);
  // The buffer and the copy of it that is being sent.
  SEEKFS_CO_ASSIGN(
      const Reservation reserved,
      co_await Reservation::acquire(exchange.shared.parts.memory, 2 * piece_bytes, exchange.wait_deadline()));
  exchange.begin(head);
  if (exchange.head.method == Method::head) co_return Result<void>{};
  co_return co_await stream_object(exchange, info, begin, *head.content_length);
}

}  // namespace seekfs::http
