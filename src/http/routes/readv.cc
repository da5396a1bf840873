// /readv: many ranges of one version in one request.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "http/body_sender.h"
#include "http/handlers.h"
#include "http/reservation.h"
#include "http/routes/body_length.h"
#include "http/routes/frames.h"
#include "http/routes/readv_body.h"
#include "http/routes/second_try.h"

namespace seekfs::http {
namespace {

/// What a body of `bytes` takes while it is read and its items are looked up: itself, the paths out of it, and per item
/// its fields here and in the reader. No item is shorter than {"path":"a"}.
std::uint64_t memory_for(std::uint64_t bytes, std::uint64_t max_items) {
  constexpr std::uint64_t shortest_item = 12;
  constexpr std::uint64_t item_cost = 512;
  return 2 * bytes + (std::min(bytes / shortest_item, max_items) + 1) * item_cost;
}

/// The body and its items are reserved for while they arrive. That is given back before the reply, which waits for
/// pages: only one who holds nothing of the memory budget may wait for more of it.
async::Task<std::vector<ReadvItem>> receive_items(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(
      const Reservation reserved,
      co_await Reservation::acquire(exchange.shared.parts.memory,
                                    memory_for(*exchange.head.content_length, exchange.shared.options.readv_max_items),
                                    exchange.wait_deadline()));
  std::string body(*exchange.head.content_length, '\0');
  SEEKFS_CO_TRY(co_await exchange.body.read_body(body));
  auto items = parse_readv_body(body, exchange.shared.options.readv_max_items);
  if (items) co_return std::move(*items);
  exchange.note.index = items.error().index;
  co_return std::unexpected(std::move(items.error().error));
}

Result<reader::ReadItem> resolve(const reader::VersionRef& version, const ReadvItem& item) {
  if (!item.len) return fail(ErrorCode::bad_request, "the item has no 'len'; only frames may leave it out");
  SEEKFS_ASSIGN(reader::FileRef file, reader::find_file(version, item.path));
  const std::uint64_t size = file.size();
  if (item.off > size || *item.len > size - item.off) {
    return fail(ErrorCode::range_not_satisfiable,
                fmt::format("the range does not lie in '{}', which has {} bytes", item.path, size));
  }
  return reader::ReadItem{std::move(file), item.off, *item.len};
}

/// The path is copied: the problem is written when the items are gone.
void note_item(Exchange& exchange, std::size_t index, const std::string& path) {
  exchange.scratch.decoded = path;
  exchange.note.index = index;
  exchange.note.path = exchange.scratch.decoded;
}

struct Resolved {
  std::vector<reader::ReadItem> items;
  std::uint64_t bytes = 0;
};

/// All items or the first one's error, which the note then names.
Result<Resolved> resolve_all(Exchange& exchange, const reader::VersionRef& version,
                             const std::vector<ReadvItem>& requested) {
  const std::uint64_t limit = exchange.shared.options.readv_max_bytes;
  Resolved resolved;
  resolved.items.reserve(requested.size());
  for (const ReadvItem& item : requested) {
    Result<reader::ReadItem> range = resolve(version, item);
    if (range && range->len > limit - resolved.bytes) {
      range = fail(ErrorCode::too_large, fmt::format("the items have more than {} bytes together", limit));
    }
    if (!range) {
      note_item(exchange, resolved.items.size(), item.path);
      return std::unexpected(std::move(range).error());
    }
    resolved.bytes += range->len;
    resolved.items.push_back(std::move(*range));
  }
  return resolved;
}

async::Task<void> reply_bytes(Exchange& exchange, const reader::VersionRef& version,
                              const std::vector<ReadvItem>& requested) {
  SEEKFS_CO_ASSIGN(Resolved resolved, resolve_all(exchange, version, requested));
  ReplyHead head;
  head.content_type = "application/octet-stream";
  head.content_length = resolved.bytes;
  head.version = version.manifest->version();
  std::size_t failed_item = requested.size();
  Status sent = co_await send_ranges(exchange, head, std::move(resolved.items), &failed_item);
  if (!sent && failed_item < requested.size()) note_item(exchange, failed_item, requested[failed_item].path);
  co_return sent;
}

async::Task<reader::VersionRef> open_version(Exchange& exchange, std::string_view ns,
                                             std::optional<std::uint64_t> version) {
  if (auto opened = exchange.reader().try_open_version(ns, version)) co_return std::move(*opened);
  co_return co_await exchange.reader().open_version(std::string(ns), version, exchange.wait_deadline());
}

async::Task<void> reply(Exchange& exchange, std::string_view ns, std::optional<std::uint64_t> version,
                        const std::vector<ReadvItem>& requested, bool frames) {
  SEEKFS_CO_ASSIGN(const reader::VersionRef opened, co_await open_version(exchange, ns, version));
  exchange.note.version = opened.manifest->version();
  if (frames) co_return co_await reply_frames(exchange, opened, requested);
  co_return co_await reply_bytes(exchange, opened, requested);
}

}  // namespace

async::Task<void> readv(Exchange& exchange) {
  SEEKFS_CO_TRY(exchange.query.allow_only({"ns", "version"}));
  SEEKFS_CO_ASSIGN(const std::string_view ns, exchange.query.required("ns"));
  exchange.note.ns = ns;
  SEEKFS_CO_ASSIGN(const auto version, exchange.query.version());
  SEEKFS_CO_TRY(check_body_length(exchange));
  const bool frames = accepts_frames(exchange.head.accept);
  SEEKFS_CO_ASSIGN(const std::vector<ReadvItem> requested, co_await receive_items(exchange));
  Status sent = co_await reply(exchange, ns, version, requested, frames);
  SEEKFS_CO_ASSIGN(const bool again, co_await is_worth_a_second_try(exchange, ns, version, sent));
  if (!again) co_return sent;
  exchange.note.path = {};
  exchange.note.index = std::nullopt;
  co_return co_await reply(exchange, ns, version, requested, frames);
}

}  // namespace seekfs::http
