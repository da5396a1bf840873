// The parts of the contract that are not interface: bodies in memory, small objects, names of purposes.
#include "objectstore/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/units.h"

namespace seekfs::objectstore {
namespace {

constexpr std::uint64_t sink_piece = 64 * KiB;

}  // namespace

std::string_view to_string(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::demand: return "demand";
    case Purpose::prefetch: return "prefetch";
    case Purpose::hedge: return "hedge";
    case Purpose::manifest: return "manifest";
    case Purpose::publish: return "publish";
  }
  return "demand";
}

std::span<std::byte> StringSink::prepare() {
  if (overflowed_) return {};
  // One byte more than the limit, whose arrival shows that the body is too long.
  const std::uint64_t room = limit_ - body_.size();
  piece_.resize(room >= sink_piece ? sink_piece : room + 1);
  return piece_;
}

void StringSink::commit(std::size_t count) {
  const std::uint64_t room = limit_ - body_.size();
  overflowed_ = count > room;
  body_.append(reinterpret_cast<const char*>(piece_.data()), std::min<std::uint64_t>(count, room));
}

Status StringSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (offset > body_.size() || out.size() > body_.size() - offset) {
    return fail(ErrorCode::invalid,
                fmt::format("read {} bytes at {} of a body of {} bytes", out.size(), offset, body_.size()));
  }
  if (!out.empty()) std::memcpy(out.data(), body_.data() + offset, out.size());
  return {};
}

async::Task<SmallObject> get_small(ObjectStore& store, ObjectRef object, std::uint64_t limit, RequestOptions options) {
  const std::string key = object.key;
  StringSink sink(limit);
  SEEKFS_CO_ASSIGN(ObjectInfo info, co_await store.get(std::move(object), std::nullopt, sink, options));
  if (sink.overflowed()) {
    co_return fail(ErrorCode::too_large, fmt::format("get {}: more than {} bytes", key, limit));
  }
  co_return SmallObject{std::move(info), sink.take()};
}

async::Task<PutReply> put_small(ObjectStore& store, std::string key, std::string body, PutOptions conditions,
                                RequestOptions options) {
  StringSource source(std::move(body));
  co_return co_await store.put(std::move(key), source, std::move(conditions), options);
}

}  // namespace seekfs::objectstore
