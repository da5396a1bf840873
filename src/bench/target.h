// What is measured: a daemon of SeekFS, a directory or an S3 server, behind one interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "bench/workload.h"
#include "env/clock.h"
#include "env/file.h"

namespace seekfs::bench {

/// What one thread reads with; connections and open files are its own. One thread at a time.
class TargetReader {
 public:
  virtual ~TargetReader() = default;
  /// Opens what stays open while it reads, before the clock starts: a connection; of a directory the file `path` when
  /// it is a shard. Harmless when it is open.
  virtual Status open(const std::string& path) = 0;
  /// Fills `out`, whose size is range.length. A file that ends early is `corrupt`.
  virtual Status read(const Range& range, std::span<std::byte> out) = 0;
  /// Several ranges, one behind the other in `out`, in one request where the target has such.
  virtual Status read_batch(std::span<const Range> ranges, std::span<std::byte> out) = 0;
};

/// What the target itself counts, since it started. Only differences mean anything.
struct TargetCounters {
  double origin_gets = 0;
  double origin_bytes = 0;
  /// Requests of the store that are under way, and counted when they end; 0 where they are counted when they begin.
  double origin_inflight = 0;
};

class Target {
 public:
  virtual ~Target() = default;
  /// As it was named, "http://127.0.0.1:7070".
  virtual const std::string& name() const = 0;
  /// One line on how it is read and what program it is.
  virtual Result<std::string> description() = 0;
  /// The data set that it holds, by its own description file.
  virtual Result<DataSet> data_set() = 0;
  /// Thread-safe.
  virtual Result<std::unique_ptr<TargetReader>> make_reader() = 0;
  /// Takes the data set out of every cache that can be emptied from here; one sentence for each that could not be, and
  /// may make a cold epoch look warm.
  virtual Result<std::vector<std::string>> drop_caches(const DataSet& data) = 0;
  /// Nothing where the target counts nothing.
  virtual Result<std::optional<TargetCounters>> counters() = 0;
};

struct TargetOptions {
  std::string address;       ///< "http://HOST:PORT", "unix:/PATH", "dir:/PATH" or "s3:http://HOST:PORT/BUCKET[/PREFIX]"
  std::string ns = "bench";  ///< the namespace of the data set; daemons
  /// Variables: s3 takes its credentials and region from those that AWS tools take.
  std::vector<std::pair<std::string, std::string>> environment;
};
/// `invalid` for another form of address or a namespace that is none. Connects to nothing yet. `files` and `clock`
/// outlive it.
Result<std::unique_ptr<Target>> make_target(const TargetOptions& options, env::FileSystem& files, env::Clock& clock);

}  // namespace seekfs::bench
