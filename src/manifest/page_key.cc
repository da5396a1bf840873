// The hash that names a file's content in every cache.
#include "manifest/page_key.h"

namespace seekfs::manifest {

FileKey make_file_key(std::string_view ns, std::string_view path, std::string_view hash_hex) {
  thread_local Sha256 hasher;  // making one costs more than a short hash
  for (const std::string_view part : {ns, path, hash_hex}) {
    hasher.update(part);
    hasher.update("|");
  }
  return hasher.finish();
}

}  // namespace seekfs::manifest
