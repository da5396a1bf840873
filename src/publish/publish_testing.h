// What tests of publishing work with: stores, trees of files, and checks that a version is whole.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "async/thread_pool.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "env/temp_directory_testing.h"
#include "manifest/model.h"
#include "objectstore/object_store.h"
#include "publish/publisher.h"

namespace seekfs::publish {

/// The machine's clock, ahead by as much as it is told: files written just now are then long at rest.
class ShiftedClock final : public env::Clock {
 public:
  explicit ShiftedClock(std::chrono::hours ahead) : ahead_(ahead), system_(env::make_system_clock()) {}
  env::TimePoint now() const override { return system_->now(); }
  std::chrono::system_clock::time_point wall_now() const override { return system_->wall_now() + ahead_; }
  std::unique_ptr<env::Alarm> make_alarm(std::function<void()> ring) override {
    return system_->make_alarm(std::move(ring));
  }

 private:
  std::chrono::hours ahead_;
  std::unique_ptr<env::Clock> system_;
};

/// Everything that Parts wants, around a store of the test's choice.
class Workbench {
 public:
  explicit Workbench(std::uint64_t seed = 1, std::size_t threads = 4)
      : random_(env::make_seeded_random(seed)), pool_("publish-test", threads) {}
  Parts parts(objectstore::ObjectStore& store) { return parts(store, clock_); }
  Parts parts(objectstore::ObjectStore& store, env::Clock& clock) {
    return {.store = store,
            .files = env::posix_file_system(),
            .clock = clock,
            .random = *random_,
            .pool = pool_,
            .log = null_logger()};
  }
  env::Clock& clock() { return clock_; }
  async::ThreadPool& pool() { return pool_; }

 private:
  ShiftedClock clock_{std::chrono::hours(1)};
  std::unique_ptr<env::Random> random_;
  async::ThreadPool pool_;
};

/// A store that is another one but for what a test overrides.
class StoreAround : public objectstore::ObjectStore {
 public:
  explicit StoreAround(objectstore::ObjectStore& inner) : inner_(inner) {}
  async::Task<objectstore::ObjectInfo> head(objectstore::ObjectRef object,
                                            objectstore::RequestOptions options) override {
    return inner_.head(std::move(object), options);
  }
  async::Task<objectstore::ObjectInfo> get(objectstore::ObjectRef object, std::optional<objectstore::ByteRange> range,
                                           objectstore::BodySink& sink, objectstore::RequestOptions options) override {
    return inner_.get(std::move(object), range, sink, options);
  }
  async::Task<objectstore::PutReply> put(std::string key, objectstore::BodySource& body,
                                         objectstore::PutOptions conditions,
                                         objectstore::RequestOptions options) override {
    return inner_.put(std::move(key), body, std::move(conditions), options);
  }
  async::Task<objectstore::ListReply> list(objectstore::ListRequest request,
                                           objectstore::RequestOptions options) override {
    return inner_.list(std::move(request), options);
  }
  async::Task<void> remove(objectstore::ObjectRef object, objectstore::RequestOptions options) override {
    return inner_.remove(std::move(object), options);
  }
  Status check_key(std::string_view key) const override { return inner_.check_key(key); }
  async::Task<void> flush(objectstore::RequestOptions options) override { return inner_.flush(options); }
  std::string description() const override { return inner_.description(); }

 private:
  objectstore::ObjectStore& inner_;
};

/// Path to content.
using Tree = std::map<std::string, std::string>;

/// A temporary directory, removed at the end, whose files a test writes.
class SourceTree {
 public:
  const std::string& path() const noexcept { return directory_.path(); }
  std::string path_of(std::string_view file) const { return directory_.at(std::string(file)); }
  void write(std::string_view file, std::string_view content) const;
  void write(const Tree& tree) const;
  void remove(std::string_view file) const;

 private:
  env::TempDirectory directory_;
};

PublishRequest request_for(const std::string& ns, const SourceTree& source);

/// The content of a version, each file read from the store, checked against ETag, size, hash and page CRCs. A failure
/// of any of that is a test failure.
Tree read_version(objectstore::ObjectStore& store, const std::string& ns, std::uint64_t version);
std::uint64_t head_of(objectstore::ObjectStore& store, const std::string& ns);
/// What HEAD's version holds.
Tree read_head_version(objectstore::ObjectStore& store, const std::string& ns);
/// Reads every version that is there; returns how many.
std::size_t check_all_versions(objectstore::ObjectStore& store, const std::string& ns);

}  // namespace seekfs::publish
