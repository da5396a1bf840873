// Objects as files under one directory, local or shared: the store that needs no server.
#pragma once

#include <memory>
#include <string>

#include "async/thread_pool.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// What an fs store is built from; all outlive it.
struct FsStoreParts {
  env::FileSystem& files;
  env::Clock& clock;
  env::Random& random;
  async::ThreadPool& pool;  ///< where the blocking calls run
};

/// Keys. A key is the path of a file below `root`, by its own text. `invalid`: an empty, "." or ".." segment, a NUL, a
/// segment over 255 bytes, anything under ".seekfs", and a put where a directory has the key or an object one of its
/// parents. No key leaves the root, whatever it is: symbolic links that stay inside are followed, a key whose link
/// leads outside (or is absolute) is `denied`. A put or remove acts on a link itself, never on what it leads to.
///
/// ETags. SHA-256 of the content up to 64 KiB, else from size, mtime, ctime and inode. A GET reads one open file: the
/// ETag is of the state that was opened, and an object that is replaced meanwhile by a put is still delivered whole. A
/// file that some other program changes in place during a GET, as size, mtime or ctime show, makes that GET end with
/// precondition_failed under If-Match, else with `transient`; up to 64 KiB the bytes are read at once, and the ETag is
/// of exactly the bytes delivered.
///
/// Puts are atomic: a temporary file in .seekfs/tmp, then a rename. Every put and remove takes effect under the lock
/// file .seekfs/lock, so that conditions hold between processes; programs that write to the directory by other means
/// do not take part in that. The data of a conditional put (a claim) is synced before it takes effect; all other data
/// is durable after flush(), which is one syncfs. Temporary files that nobody has written to for 24 hours, by the file
/// system's clock, are leftovers of a crash: the first put of a store object and then one an hour removes them.
///
/// List shows regular files and links to such, without .seekfs and names that are no keys; it does not go into
/// directories through links (objects there can be read by key), so that no cycle can catch it. Its ETags cost reading
/// the small files of the page that is returned.
///
/// A root that is not there is `transient`, so that a store that is away is not taken for an empty one. An empty
/// directory without .seekfs counts as not there: so looks the mount point of a disk that is not mounted. Only
/// create_fs_store_root() makes a root.
///
/// Deadlines are checked before each step and between the pieces of a body; a system call that hangs is waited for.
std::unique_ptr<ObjectStore> make_fs_store(std::string root, FsStoreParts parts);

/// Creates the root directory and its .seekfs folder; success when both are there.
Status create_fs_store_root(env::FileSystem& files, const std::string& root);

}  // namespace seekfs::objectstore
