// The loop of claim and swap: each round that is lost was won by somebody else, whose version is then the new base.
#include "publish/commit.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "async/sync_wait.h"
#include "base/units.h"
#include "manifest/layout.h"
#include "publish/store_calls.h"
#include "publish/version_claim.h"

namespace seekfs::publish {
namespace {

/// Somebody wins each round, so this many in a row say that something else is wrong.
constexpr int max_rounds = 1000;
/// Rounds that were lost although HEAD stayed as it was: its ETag is not what the store compares If-Match with.
constexpr int max_lost_to_nobody = 3;

bool is_same(const std::optional<Head>& a, const std::optional<Head>& b) {
  return a.has_value() == b.has_value() && (!a || (a->version == b->version && a->etag == b->etag));
}

std::optional<std::uint64_t> version_of(const Snapshot& snapshot) {
  return snapshot.head() ? std::optional(snapshot.head()->version) : std::nullopt;
}

Status check_duration(const Parts& parts, const CommitRequest& commit) {
  const auto limit = commit.request.gc_min_age / 2;
  if (parts.clock.now() - commit.started < limit) return {};
  return fail(
      ErrorCode::conflict,
      fmt::format("publishing took longer than {}, half of gc's minimum age, so gc may delete what was uploaded "
                  "first; publish again: it goes on where this one stopped",
                  format_duration(limit)));
}

Status check_parent(const PublishRequest& request, const std::optional<Head>& head) {
  if (!request.if_parent) return {};
  const std::uint64_t now = head ? head->version : 0;
  if (now == *request.if_parent) return {};
  return fail(ErrorCode::conflict, fmt::format("HEAD of namespace '{}' is v-{}, not v-{} as --if-parent wants",
                                               request.ns, now, *request.if_parent));
}

/// Carries the changes over to what is HEAD now.
Status move_to_head(const Parts& parts, const CommitRequest& commit, ChangeSet& changes, Snapshot& base) {
  SEEKFS_ASSIGN(Snapshot current, Snapshot::load(parts.store, commit.request.ns));
  if (!current.head()) {
    return fail(ErrorCode::conflict, fmt::format("HEAD of namespace '{}' was removed meanwhile", commit.request.ns));
  }
  SEEKFS_TRY(rebase(changes, base, current));
  SEEKFS_TRY(commit.rehome(changes, current));
  keep_effective(changes, current);
  base = std::move(current);
  return {};
}

Result<manifest::Manifest> next_manifest(const Parts& parts, const Snapshot& base, const ChangeSet& changes,
                                         bool merged) {
  auto next = apply(base, changes);
  if (!next && merged) {
    return fail(ErrorCode::conflict, "after a change by somebody else: " + next.error().message);
  }
  if (!next) return std::unexpected<Error>(std::move(next).error());
  if (const auto parent = version_of(base)) next->parents.push_back(*parent);
  next->created_at =
      std::chrono::duration_cast<std::chrono::seconds>(parts.clock.wall_now().time_since_epoch()).count();
  return std::move(*next);
}

std::unexpected<Error> head_refused(const Parts& parts, const std::string& ns) {
  return fail(
      ErrorCode::invalid,
      fmt::format("{} refuses to replace {} under the ETag that it gives for it; something between here and the "
                  "store may change ETags. If only one publishes, say --unsafe-no-conditional-put",
                  parts.store.description(), manifest::head_key(ns)));
}

void describe(Committed& done, const ChangeSet& changes, const Snapshot& base) {
  done.parent = version_of(base);
  done.counts = count_changes(changes, base);
  done.files = base.files().size();
  for (const manifest::FileEntry& file : base.files()) done.bytes += file.size;
}

}  // namespace

Result<Committed> commit(const Parts& parts, const CommitRequest& commit, ChangeSet changes, Snapshot base) {
  const PublishRequest& request = commit.request;
  const PutMode mode = request.unsafe_no_conditional_put ? PutMode::unsafe : PutMode::conditional;
  Committed done;
  int lost_to_nobody = 0;
  for (int round = 0; round < max_rounds; ++round) {
    SEEKFS_ASSIGN(const std::optional<Head> head, read_head(parts.store, request.ns));
    SEEKFS_TRY(check_parent(request, head));
    if (!is_same(head, base.head())) {
      SEEKFS_TRY(move_to_head(parts, commit, changes, base));
      ++done.merges;
      lost_to_nobody = 0;
    } else if (round > 0 && ++lost_to_nobody == max_lost_to_nobody) {
      return head_refused(parts, request.ns);
    }
    if (changes.empty()) {
      describe(done, changes, base);
      return done;
    }
    SEEKFS_ASSIGN(manifest::Manifest next, next_manifest(parts, base, changes, done.merges > 0));
    SEEKFS_TRY(check_duration(parts, commit));
    SEEKFS_TRY(async::sync_wait(parts.store.flush(publish_options)));
    SEEKFS_ASSIGN(const manifest::VersionInfo info,
                  claim_version(parts.store, mode, request.ns, version_of(base), request.message, next));
    // HEAD must never name a manifest that a power cut can still take away.
    SEEKFS_TRY(async::sync_wait(parts.store.flush(publish_options)));
    SEEKFS_ASSIGN(const bool swapped, swap_head(parts.store, mode, request.ns, base.head(), info.version));
    if (!swapped) continue;
    describe(done, changes, base);
    done.version = info.version;
    done.files = info.files;
    done.bytes = info.bytes;
    return done;
  }
  return fail(ErrorCode::conflict,
              fmt::format("HEAD of namespace '{}' kept moving; publish again when fewer others do", request.ns));
}

}  // namespace seekfs::publish
