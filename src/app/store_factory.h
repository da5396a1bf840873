// The object store that the configuration names, built once and owned in one place.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "app/config/config.h"
#include "async/thread_pool.h"
#include "async/timers.h"
#include "base/error.h"
#include "base/log.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/object_store.h"
#include "objectstore/origin_gate.h"
#include "objectstore/origin_metrics.h"
#include "objectstore/s3/credentials.h"
#include "objectstore/s3/endpoint.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::app {

/// What stores are built from; all outlive the store.
struct StoreParts {
  env::FileSystem& files;
  env::Random& random;
  async::Timers& timers;
  async::ThreadPool& pool;  ///< where a store on disk blocks, and credentials are looked for
  objectstore::OriginGate& gate;
  objectstore::OriginMetrics& metrics;
  Logger& log;
};

/// A store and what it is made of, measured in requests.
class BuiltStore {
 public:
  /// `layers`: each works on the one before it.
  BuiltStore(std::unique_ptr<objectstore::s3::HttpClient> http,
             std::unique_ptr<objectstore::s3::CredentialsProvider> credentials,
             std::vector<std::unique_ptr<objectstore::ObjectStore>> layers)
      : http_(std::move(http)), credentials_(std::move(credentials)), layers_(std::move(layers)) {}
  BuiltStore() = default;

  /// A layer on top.
  void add(std::unique_ptr<objectstore::ObjectStore> layer) { layers_.push_back(std::move(layer)); }
  objectstore::ObjectStore& store() const { return *layers_.back(); }
  // What an s3 store works with, for who looks at its server from outside; null for other stores.
  objectstore::s3::HttpClient* http() const { return http_.get(); }
  objectstore::s3::CredentialsProvider* credentials() const { return credentials_.get(); }

 private:
  std::unique_ptr<objectstore::s3::HttpClient> http_;
  std::unique_ptr<objectstore::s3::CredentialsProvider> credentials_;
  std::vector<std::unique_ptr<objectstore::ObjectStore>> layers_;
};

enum class StoreRoot : std::uint8_t {
  must_exist,  ///< an fs root that is not there is a store that is away
  create,      ///< publishing creates it
};

/// The store of [store], with its prefix. `invalid` when no store was chosen (the message shows how) or this build
/// lacks it.
Result<BuiltStore> make_store(const Config& config, StoreParts parts, StoreRoot root = StoreRoot::must_exist);

/// Where the bucket of [s3] is. `invalid` as Endpoint::make().
Result<objectstore::s3::Endpoint> s3_endpoint(const S3Config& config);

/// What the configured store may be asked for. The [s3] budgets bind the s3 store only; others are bound by `threads`,
/// which read them.
objectstore::OriginGate::Limits gate_limits(const Config& config, std::size_t threads, env::Random& random);

}  // namespace seekfs::app
