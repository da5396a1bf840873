// The contract of every object store: fs, mem, s3, and the wrappers around them. docs/ARCHITECTURE.md says how to add
// one; object_store_contract_testing.h is the suite that each must pass.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "env/clock.h"

namespace seekfs::objectstore {

/// Why the store is asked; the label of metrics and the order in which budgets are given.
enum class Purpose : std::uint8_t { demand, prefetch, hedge, manifest, publish };
std::string_view to_string(Purpose purpose) noexcept;

inline constexpr std::size_t max_key_length = 1024;

/// What applies to every operation.
struct RequestOptions {
  Purpose purpose = Purpose::demand;
  /// After this the operation answers `timeout`; it may still take effect in the store.
  env::TimePoint deadline = env::TimePoint::max();
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;                                ///< with its quotes
  std::optional<std::string> version_id;           ///< of a versioned bucket
  std::chrono::system_clock::time_point modified;  ///< by the store's clock
};

/// Which object, and which state of it.
struct ObjectRef {
  std::string key;
  std::optional<std::string> if_match;  ///< an ETag with its quotes: any other state is precondition_failed
  std::optional<std::string> version_id;
};

/// A body that its sink has put off, as the sink sees it.
class PausedBody {
 public:
  virtual ~PausedBody() = default;
  /// The sink is asked again, soon. Thread-safe, never blocks and calls nothing of the caller's, so that it may be
  /// called under a lock. Harmless when the body goes on already or has ended.
  virtual void resume() = 0;
};

/// Receives the body of one GET, in order. Called by one thread at a time, which may be any thread of the store.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Not now. Stores that can pause ask before prepare() whenever there are more bytes, others never do. True: the sink
  /// is called no more until somebody has resumed `body`; then it is asked this again, before any byte. A resume() that
  /// comes while this call is under way counts. Nobody else resumes it: a body that nobody resumes ends in `timeout` at
  /// the deadline of the GET, for which the time of a pause counts; for any shorter limit on silence it does not.
  /// Another try of the GET has another body, and asks anew. What the sink has not taken of a paused body stays with
  /// the store or the network; how much still arrives there is the store's affair.
  virtual bool wants_pause(const std::weak_ptr<PausedBody>& body) {
    static_cast<void>(body);
    return false;
  }
  /// Where the next bytes go: writable until the next call of commit(). Empty: the receiver wants no more; the transfer
  /// ends there, which is no error.
  virtual std::span<std::byte> prepare() = 0;
  /// The first `count` bytes of the span from prepare() are filled; count > 0.
  virtual void commit(std::size_t count) = 0;
};

/// A sink that appends to a string, up to a limit, after which it refuses more; for small objects.
class StringSink final : public BodySink {
 public:
  explicit StringSink(std::uint64_t limit) : limit_(limit) {}
  std::span<std::byte> prepare() override;
  void commit(std::size_t count) override;
  bool overflowed() const noexcept { return overflowed_; }
  std::string take() { return std::move(body_); }

 private:
  std::uint64_t limit_;
  std::string body_;
  std::vector<std::byte> piece_;
  bool overflowed_ = false;
};

struct ByteRange {
  std::uint64_t off = 0;
  std::uint64_t len = 0;  ///< > 0
};

struct PutOptions {
  bool if_none_match = false;           ///< only when no object has the key; else precondition_failed
  std::optional<std::string> if_match;  ///< only over this ETag; else precondition_failed (not_found when absent)
  /// The caller calls flush() before anything names this object: a conditional put, which is durable when it returns,
  /// need not be.
  bool flushed_later = false;
};

/// The body of a put: pulled in order, and again from the start when the store repeats a request.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills all of `out` from `offset`; called from the store's threads, one at a time. May block.
  virtual Status read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
};

struct PutReply {
  std::string etag;
  std::optional<std::string> version_id;
};

/// An item of the reply is a key, or a common prefix: what keys share up to and including the first delimiter after
/// `prefix`. Items are ordered and compared with `start_after` by their own text, so that the text of the last item is
/// where the next page goes on, and no common prefix is listed twice.
struct ListRequest {
  std::string prefix;
  std::string start_after;        ///< items strictly greater, in byte order
  std::optional<char> delimiter;  ///< groups keys into common prefixes
  std::uint32_t max_keys = 1000;  ///< items of one reply, both kinds together; > 0
};

struct ListReply {
  std::vector<ObjectInfo> objects;           ///< in byte order of keys
  std::vector<std::string> common_prefixes;  ///< in byte order, each ending in the delimiter
  /// Where to go on: the start_after of the next request; nothing at the end, but a full page may have it though only
  /// an empty one follows.
  std::optional<std::string> next_start_after;
};

/// Errors, for all operations: not_found (no such object), precondition_failed, throttled (retry_after set where
/// known), denied, transient (worth another try; also a store that is away as a whole), invalid (this key or request
/// can never work), corrupt (the store's answer contradicts itself), timeout, exhausted. Thread-safe. The store
/// outlives its operations; arguments taken by reference must live until the operation is done.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) = 0;

  /// Streams `range` (nothing: the whole object) into `sink`; returns what object it was once the body has ended or the
  /// sink wanted no more. A range past the end is cut there; one that starts at or past the end is `invalid`. On an
  /// error the sink may have received a part.
  virtual async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                                      RequestOptions options) = 0;

  /// Atomic: readers see the old object or the new one.
  virtual async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions,
                                    RequestOptions options) = 0;

  virtual async::Task<ListReply> list(ListRequest request, RequestOptions options) = 0;

  /// Success when there is no such object.
  virtual async::Task<void> remove(ObjectRef object, RequestOptions options) = 0;

  /// Checks without I/O whether this store can hold `key`; `invalid` with the reason.
  virtual Status check_key(std::string_view key) const = 0;

  /// Makes everything that was put so far durable; stores whose put is durable do nothing.
  virtual async::Task<void> flush(RequestOptions options) = 0;

  /// The same object in the same state has the same identity, e.g. "fs:/data"; for messages. Holds no secret.
  virtual std::string description() const = 0;
};

/// A body held in memory.
class StringSource final : public BodySource {
 public:
  explicit StringSource(std::string body) : body_(std::move(body)) {}
  std::uint64_t size() const override { return body_.size(); }
  Status read_at(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  std::string body_;
};

/// The whole of a small object as a string: too_large when it has more than `limit` bytes.
struct SmallObject {
  ObjectInfo info;
  std::string body;
};
async::Task<SmallObject> get_small(ObjectStore& store, ObjectRef object, std::uint64_t limit, RequestOptions options);
async::Task<PutReply> put_small(ObjectStore& store, std::string key, std::string body, PutOptions conditions,
                                RequestOptions options);

}  // namespace seekfs::objectstore
