// From what the checks of `seekfs-ctl doctor` saw to what it means: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/doctor/finding.h"
#include "objectstore/s3/credentials.h"

namespace seekfs::cli {

/// "1.2 ms", "340 ms", "2.5 s".
std::string format_latency(std::chrono::nanoseconds duration);

/// An unsigned request to the endpoint. `first`: with connection and TLS; `again`: on the connection that it left.
struct ConnectionSeen {
  std::string endpoint;
  Result<int> status;  ///< any status is an answer
  std::chrono::nanoseconds first{0};
  std::chrono::nanoseconds again{0};
};
Finding judge_connection(const ConnectionSeen& seen);

/// `date`: the server's, if it told one; `now`: this machine's when the answer came. Beyond a minute it warns; beyond
/// 15 minutes S3 refuses requests.
Finding judge_clock(std::optional<std::int64_t> date, std::int64_t now);

/// `source`: CredentialsProvider::source().
Finding judge_credentials(const Result<objectstore::s3::CredentialsRef>& credentials, const std::string& source,
                          std::chrono::system_clock::time_point now);

/// The answer to a signed LIST of the prefix.
struct BucketSeen {
  std::string where;   ///< Endpoint::description()
  std::string prefix;  ///< [store] prefix
  std::string source;  ///< of the credentials
  bool anonymous = false;
  int status = 0;
  std::string code;     ///< S3's, of an answer that is no success
  std::string message;  ///< likewise
  bool empty = false;   ///< a success that lists nothing
  std::string region;   ///< the configured one
  std::string moved;    ///< the one that the store named instead; empty: none
};
Finding judge_bucket(const BucketSeen& seen);

/// A piece of an object, as one GET gave it.
struct Piece {
  std::string etag;
  std::uint64_t size = 0;  ///< of the whole object
  std::string bytes;
};
struct RangeSeen {
  std::string key;
  std::string etag;         ///< as listed
  std::uint64_t size = 0;   ///< likewise
  std::uint64_t asked = 0;  ///< length of the range
  Result<Piece> first;
  Result<Piece> again;
  Result<Piece> matched;  ///< under If-Match with the right ETag
  Result<Piece> foreign;  ///< under If-Match with a wrong one: must be precondition_failed
};
Finding judge_range(const RangeSeen& seen);

/// Not empty. A median beyond 200 ms is a warning.
Finding judge_latency(std::vector<std::chrono::nanoseconds> times);

struct WriteSeen {
  std::string key;
  Status first;                   ///< If-None-Match: * where nothing was
  Status second;                  ///< the same again: must be precondition_failed
  Status foreign;                 ///< If-Match with a wrong ETag: must be precondition_failed
  Result<std::string> read_back;  ///< what lies there in the end
  std::string written;            ///< what `first` put
  Status removed;                 ///< its removal
  bool versions_stay = false;     ///< the removal only hides what a versioned bucket keeps
};
Finding judge_write(const WriteSeen& seen);

/// A directory of this machine that the daemon of this configuration would use.
struct DirectorySeen {
  std::string what;  ///< "cache", "manifests"
  std::string key;   ///< of the configuration
  std::string path;
  std::string existing;                   ///< the path itself, or the nearest parent that is there
  bool writable = false;                  ///< `existing`, by its mode, for this user
  std::uint64_t held = 0;                 ///< bytes that the cache has there already
  std::uint64_t available = 0;            ///< bytes free
  std::optional<std::uint64_t> capacity;  ///< bytes that it may come to hold
};
/// Never a failure: a tool's machine may have no daemon.
Finding judge_directory(const DirectorySeen& seen);

/// `limit`: of descriptors; `needed`: what connections and requests to the store may take at once.
Finding judge_descriptors(std::uint64_t limit, std::uint64_t needed);

}  // namespace seekfs::cli
