// From an address to the target that it names.
#include "bench/target.h"

#include <fmt/format.h>

#include "bench/targets.h"
#include "manifest/path.h"

namespace seekfs::bench {

Result<std::unique_ptr<Target>> make_target(const TargetOptions& options, env::FileSystem& files, env::Clock& clock) {
  constexpr std::string_view directory = "dir:";
  const std::string_view address = options.address;
  if (address.starts_with(directory)) {
    const std::string_view path = address.substr(directory.size());
    if (path.empty()) return fail(ErrorCode::invalid, "dir: needs a path, as in dir:/mnt/data");
    return make_directory_target(options.address, std::string(path), files);
  }
  if (address.starts_with("s3:")) return make_s3_target(options, clock);
  if (!address.starts_with("http://") && !address.starts_with("unix:")) {
    return fail(
        ErrorCode::invalid,
        fmt::format("'{}' is no target: http://HOST:PORT, unix:/PATH, dir:/PATH or s3:http://HOST:PORT/BUCKET[/PREFIX]",
                    address));
  }
  SEEKFS_ASSIGN(Endpoint endpoint, parse_endpoint(address));
  SEEKFS_TRY(manifest::check_namespace(options.ns));
  return make_daemon_target(options.address, std::move(endpoint), options.ns);
}

}  // namespace seekfs::bench
