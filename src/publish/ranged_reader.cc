// A window of ranges over each object: as wide as memory allows, refilled whenever its first range was handed on.
#include "publish/ranged_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "async/promise.h"
#include "manifest/in_quotes.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

/// Takes the bytes of one range, and no more once a flag is up.
class RangeSink final : public objectstore::BodySink {
 public:
  RangeSink(std::span<std::byte> space, const std::atomic<bool>& stopped, const std::atomic<bool>& given_up)
      : space_(space), stopped_(stopped), given_up_(given_up) {}
  std::span<std::byte> prepare() override {
    if (stopped_ || given_up_) return {};
    return space_.subspan(filled_);
  }
  void commit(std::size_t count) override { filled_ += count; }
  std::size_t filled() const noexcept { return filled_; }

 private:
  const std::span<std::byte> space_;
  const std::atomic<bool>& stopped_;
  const std::atomic<bool>& given_up_;
  std::size_t filled_ = 0;
};

std::unexpected<Error> changed(const std::string& key) {
  return fail(ErrorCode::source_changed,
              "object " + manifest::in_quotes(key) + " changed while it was being read; try again once it is at rest");
}

}  // namespace

/// One GET and the memory that it fills.
struct RangedReader::Range {
  objectstore::ByteRange place;
  std::unique_ptr<std::byte[]> bytes;
  async::Promise<objectstore::ObjectInfo> done;

  std::span<std::byte> space() const { return {bytes.get(), static_cast<std::size_t>(place.len)}; }
};

/// The ranges of one object that are under way, in order.
class RangedReader::Window {
 public:
  Window(RangedReader& reader, objectstore::ObjectRef object, objectstore::ByteRange part)
      : reader_(reader), object_(std::move(object)), next_(part.off), end_(part.off + part.len) {}

  bool ended() const { return ranges_.empty() && next_ == end_; }

  /// Starts what memory allows, at least one range when none is under way and some are left.
  async::Task<void> fill() {
    if (ranges_.empty() && next_ < end_) {
      SEEKFS_CO_TRY(co_await reader_.memory_.take(next_size()));
      // It may have been a long wait.
      if (reader_.stopped_) {
        reader_.memory_.give_back(next_size());
        co_return given_up();
      }
      co_await start();
    }
    while (next_ < end_ && !reader_.stopped_ && reader_.memory_.try_take(next_size())) co_await start();
    co_return Status();
  }

  /// Waits for the first range and hands it on.
  async::Task<objectstore::ObjectInfo> finish_first(const Consume& consume) {
    const Range& range = *ranges_.front();
    Result<objectstore::ObjectInfo> info = co_await range.done.wait();
    if (info && state_ && (info->etag != state_->etag || info->version_id != state_->version_id)) {
      info = changed(object_.key);
    }
    if (info) {
      state_ = *info;
      Status consumed = co_await async::run_on<void>(reader_.pool_, [&]() -> Status {
        consume(range.space());
        return {};
      });
      if (!consumed) info = std::unexpected<Error>(std::move(consumed).error());
    }
    drop_first();
    co_return info;
  }

  /// Ends all that is under way and waits for it.
  async::Task<void> give_up() {
    given_up_ = true;
    while (!ranges_.empty()) {
      [[maybe_unused]] const auto dropped = co_await ranges_.front()->done.wait();
      drop_first();
    }
    co_return Status();
  }

 private:
  std::uint64_t next_size() const { return std::min(reader_.options_.range_bytes, end_ - next_); }

  boost::asio::awaitable<void, async::Executor> start() {
    auto range = std::make_unique<Range>();
    range->place = {.off = next_, .len = next_size()};
    range->bytes = std::make_unique_for_overwrite<std::byte[]>(range->place.len);
    next_ += range->place.len;
    const async::Executor executor = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(executor, fetch(*range), boost::asio::detached);
    ranges_.push_back(std::move(range));
  }

  boost::asio::awaitable<void, async::Executor> fetch(Range& range) {
    RangeSink sink(range.space(), reader_.stopped_, given_up_);
    Result<objectstore::ObjectInfo> info = co_await reader_.store_.get(object_, range.place, sink, publish_options);
    if (info && sink.filled() < range.place.len) info = cut_short(*info);
    range.done.set(std::move(info));
  }

  std::unexpected<Error> cut_short(const objectstore::ObjectInfo& info) const {
    if (reader_.stopped_ || given_up_) return given_up();
    return fail(ErrorCode::invalid, fmt::format("object {} ends after {} bytes, and {} are wanted",
                                                manifest::in_quotes(object_.key), info.size, end_));
  }
  std::unexpected<Error> given_up() const {
    return fail(ErrorCode::cancelled, "the read of object " + manifest::in_quotes(object_.key) + " was given up");
  }

  void drop_first() {
    const std::uint64_t size = ranges_.front()->place.len;
    ranges_.pop_front();
    reader_.memory_.give_back(size);
  }

  RangedReader& reader_;
  const objectstore::ObjectRef object_;
  std::uint64_t next_;
  const std::uint64_t end_;
  std::deque<std::unique_ptr<Range>> ranges_;
  std::optional<objectstore::ObjectInfo> state_;  ///< by the ranges so far
  std::atomic<bool> given_up_ = false;
};

async::Task<objectstore::ObjectInfo> RangedReader::read(objectstore::ObjectRef object, objectstore::ByteRange part,
                                                        Consume consume) {
  if (part.len == 0) co_return co_await store_.head(std::move(object), publish_options);
  Window window(*this, std::move(object), part);
  Result<objectstore::ObjectInfo> info = fail(ErrorCode::internal, "nothing was read");
  while (!window.ended()) {
    if (Status filled = co_await window.fill(); !filled) {
      info = std::unexpected<Error>(std::move(filled).error());
      break;
    }
    info = co_await window.finish_first(consume);
    if (!info) break;
  }
  [[maybe_unused]] const Status given_up = co_await window.give_up();
  co_return info;
}

}  // namespace seekfs::publish
