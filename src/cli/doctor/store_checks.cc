// Small requests one after the other: what a store does to a reader and to a publisher.
#include "cli/doctor/store_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/sync_wait.h"
#include "base/units.h"
#include "cli/doctor/judge.h"
#include "cli/text_format.h"
#include "manifest/layout.h"

namespace seekfs::cli {
namespace {

using objectstore::ObjectInfo;
using objectstore::ObjectStore;
using objectstore::RequestOptions;

constexpr std::chrono::seconds patience(60);
constexpr std::uint64_t longest_range = 64 * KiB;
constexpr int latency_requests = 20;
constexpr std::string_view foreign_etag = "\"00000000000000000000000000000000\"";

RequestOptions options_now(const env::Clock& clock) {
  return {.purpose = objectstore::Purpose::demand, .deadline = clock.now() + patience};
}

class ReadCheck {
 public:
  ReadCheck(ObjectStore& store, const env::Clock& clock) : store_(store), clock_(clock) {}

  /// A manifest, which never changes; else whatever has two bytes. Nothing: the store is empty.
  Result<std::optional<ObjectInfo>> find_object() {
    SEEKFS_ASSIGN(const auto namespaces,
                  list({.prefix = std::string(manifest::namespaces_prefix), .delimiter = '/', .max_keys = 1}));
    for (const std::string& prefix : namespaces.common_prefixes) {
      const std::size_t start = manifest::namespaces_prefix.size();
      const std::string ns = prefix.substr(start, prefix.size() - start - 1);
      SEEKFS_ASSIGN(auto found, first_of({.prefix = manifest::manifests_prefix(ns), .max_keys = 10}));
      if (found) return found;
    }
    return first_of({.max_keys = 100});
  }

  Finding range(const ObjectInfo& object) {
    const objectstore::ByteRange range{1, std::min(object.size - 1, longest_range)};
    RangeSeen seen{.key = object.key, .etag = object.etag, .size = object.size, .asked = range.len};
    seen.first = get(object.key, {}, range);
    seen.again = get(object.key, {}, range);
    seen.matched = get(object.key, object.etag, range);
    seen.foreign = get(object.key, std::string(foreign_etag), range);
    return judge_range(seen);
  }

  Result<Finding> latency(const std::optional<ObjectInfo>& object) {
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < latency_requests; ++i) {
      const auto start = clock_.now();
      if (object) {
        SEEKFS_TRY(get(object->key, {}, {0, std::min(object->size, 4 * KiB)}));
      } else {
        SEEKFS_TRY(list({.max_keys = 1}));
      }
      times.push_back(clock_.now() - start);
    }
    return judge_latency(std::move(times));
  }

 private:
  Result<objectstore::ListReply> list(objectstore::ListRequest request) {
    return async::sync_wait(store_.list(std::move(request), options_now(clock_)));
  }

  Result<std::optional<ObjectInfo>> first_of(objectstore::ListRequest request) {
    SEEKFS_ASSIGN(const auto reply, list(std::move(request)));
    const auto found = std::ranges::find_if(reply.objects, [](const ObjectInfo& object) { return object.size >= 2; });
    return found == reply.objects.end() ? std::nullopt : std::optional(*found);
  }

  Result<Piece> get(const std::string& key, std::optional<std::string> if_match, objectstore::ByteRange range) {
    objectstore::StringSink sink(range.len);
    SEEKFS_ASSIGN(const ObjectInfo info,
                  async::sync_wait(store_.get({.key = key, .if_match = std::move(if_match), .version_id = {}}, range,
                                              sink, options_now(clock_))));
    return Piece{.etag = info.etag, .size = info.size, .bytes = sink.take()};
  }

  ObjectStore& store_;
  const env::Clock& clock_;
};

class WriteCheck {
 public:
  WriteCheck(ObjectStore& store, const env::Clock& clock, std::string key) : store_(store), clock_(clock) {
    seen_.key = std::move(key);
    seen_.written = "written by seekfs-ctl doctor --write, which removes it again\n";
  }

  Finding run() {
    seen_.first = put({.if_none_match = true});
    if (seen_.first) {
      seen_.second = put({.if_none_match = true});
      seen_.foreign = put({.if_match = std::string(foreign_etag)});
      auto back = async::sync_wait(objectstore::get_small(store_, {.key = seen_.key}, 4 * KiB, options_now(clock_)));
      seen_.read_back = back ? Result<std::string>(std::move(back->body)) : std::unexpected(back.error());
    }
    // A put that failed may have taken effect all the same; one that was denied has not.
    if (seen_.first || seen_.first.error().code != ErrorCode::denied) seen_.removed = remove_all();
    return judge_write(seen_);
  }

 private:
  Status put(objectstore::PutOptions conditions) {
    SEEKFS_ASSIGN(const auto reply, async::sync_wait(objectstore::put_small(
                                        store_, seen_.key, seen_.written, std::move(conditions), options_now(clock_))));
    if (reply.version_id) versions_.push_back(*reply.version_id);
    return {};
  }

  /// In a versioned bucket each version, so that not even a delete marker stays; who may not do that hides them.
  Status remove_all() {
    for (const std::string& version : versions_) {
      const Status removed = remove(version);
      if (!removed && removed.error().code != ErrorCode::denied) return removed;
      if (!removed) seen_.versions_stay = true;
    }
    return versions_.empty() || seen_.versions_stay ? remove({}) : Status();
  }

  Status remove(std::optional<std::string> version) {
    return async::sync_wait(
        store_.remove({.key = seen_.key, .if_match = {}, .version_id = std::move(version)}, options_now(clock_)));
  }

  ObjectStore& store_;
  const env::Clock& clock_;
  WriteSeen seen_;
  std::vector<std::string> versions_;  ///< that were put
};

}  // namespace

Status check_reads(ObjectStore& store, const env::Clock& clock, const FindingSink& sink) {
  ReadCheck check(store, clock);
  const auto object = check.find_object();
  const auto failed = [](const char* what, const Error& error) {
    return Finding::fail(what, printable(error.message), "look at the server's log, try again");
  };
  if (!object) return sink(failed("range", object.error()));
  if (*object) {
    SEEKFS_TRY(sink(check.range(**object)));
  } else {
    SEEKFS_TRY(
        sink(Finding::warn("range", "not checked: there is no object to read", "publish something, then run again")));
  }
  const Result<Finding> latency = check.latency(*object);
  return sink(latency ? *latency : failed("latency", latency.error()));
}

Finding check_write(ObjectStore& store, const env::Clock& clock, env::Random& random) {
  return WriteCheck(store, clock, fmt::format("{}{:016x}{:016x}", doctor_prefix, random.next(), random.next())).run();
}

}  // namespace seekfs::cli
