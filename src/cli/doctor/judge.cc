// The judgements, each with the fix that a user can act on.
#include "cli/doctor/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "cli/text_format.h"

namespace seekfs::cli {
namespace {

constexpr std::int64_t clock_warn_seconds = 60;
constexpr std::int64_t clock_fail_seconds = 15 * 60;
constexpr std::chrono::milliseconds slow_median(200);

constexpr std::string_view fix_permissions =
    "allow these credentials what `seekfs-ctl doctor --policy reader` prints (to publish: `--policy publisher`)";

std::string seconds_text(std::int64_t seconds) {
  return seconds < 120 ? fmt::format("{} s", seconds) : fmt::format("{} min", seconds / 60);
}

struct Advice {
  std::string_view code;
  std::string_view fix;
};
constexpr Advice bucket_advice[] = {
    {"SignatureDoesNotMatch", "the secret access key does not belong to the access key id: correct it at its source"},
    {"InvalidAccessKeyId", "this server does not know the access key id: correct it at its source, or [s3] endpoint"},
    {"XAdminUserNotFound", "this server does not know the access key id: correct it at its source"},
    {"ExpiredToken", "the credentials have expired: renew them at their source"},
    {"InvalidToken", "the session token does not belong to these credentials: renew them at their source"},
    {"RequestTimeTooSkewed", "set this machine's clock, e.g. by chrony or systemd-timesyncd"},
};

std::string bucket_fix(const BucketSeen& seen) {
  const auto* const known = std::ranges::find(bucket_advice, seen.code, &Advice::code);
  if (known != std::end(bucket_advice)) return fmt::format("{} ({})", known->fix, seen.source);
  if (seen.status == 404) return "create the bucket, or correct [s3] bucket, endpoint and region";
  if (seen.status == 301 || seen.status == 307 || seen.code == "AuthorizationHeaderMalformed") {
    return "set [s3] region to the bucket's region, and endpoint to that region's";
  }
  if (seen.status >= 500 || seen.status == 429) return "the server has a fault or is busy: look at its log, try again";
  if (seen.anonymous) return "the bucket is not public: set [s3] anonymous = false and give credentials";
  return std::string(fix_permissions);
}

std::string fix_for(const Error& error) {
  if (error.code == ErrorCode::denied) return std::string(fix_permissions);
  return "look at the server's log, try again";
}

}  // namespace

std::string format_latency(std::chrono::nanoseconds duration) {
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  if (ms >= 1000) return fmt::format("{:.1f} s", ms / 1000);
  return ms < 10 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

Finding judge_connection(const ConnectionSeen& seen) {
  if (seen.status) {
    return Finding::ok(
        "connection", fmt::format("{} answers (status {}) in {}; the first time, with the connection, in {}",
                                  seen.endpoint, *seen.status, format_latency(seen.again), format_latency(seen.first)));
  }
  const Error& error = seen.status.error();
  const std::string text = printable(error.message);
  if (error.code == ErrorCode::invalid) {
    return Finding::fail("connection", text, "correct the configuration or the variable that it names",
                         ExitCode::usage);
  }
  if (error.code == ErrorCode::denied) {
    return Finding::fail("connection", text,
                         "set [s3] ca_bundle or AWS_CA_BUNDLE to a PEM file with the authority of "
                         "the server's certificate, and take the endpoint's name from it");
  }
  return Finding::fail("connection", text,
                       "start the server, or correct [s3] endpoint; look at DNS, firewall and the proxy variables");
}

Finding judge_clock(std::optional<std::int64_t> date, std::int64_t now) {
  constexpr std::string_view fix = "set this machine's clock, e.g. by chrony or systemd-timesyncd";
  if (!date) {
    return Finding::warn("clock", "the server does not tell its time", "compare this machine's clock by hand");
  }
  const std::int64_t ahead = now - *date;
  const std::int64_t apart = ahead < 0 ? -ahead : ahead;
  if (apart <= clock_warn_seconds) return Finding::ok("clock", fmt::format("within {} s of the server's", apart + 1));
  const std::string seen = fmt::format("{} {} the server's", seconds_text(apart), ahead < 0 ? "behind" : "ahead of");
  if (apart <= clock_fail_seconds) return Finding::warn("clock", seen, std::string(fix));
  return Finding::fail("clock", seen + "; S3 refuses signatures that are 15 min off", std::string(fix),
                       ExitCode::failure);
}

Finding judge_credentials(const Result<objectstore::s3::CredentialsRef>& credentials, const std::string& source,
                          std::chrono::system_clock::time_point now) {
  if (!credentials) {
    return Finding::fail("credentials", printable(credentials.error().message),
                         "give credentials by one of these sources, or for a public bucket [s3] anonymous = true");
  }
  if (!*credentials) return Finding::ok("credentials", "none: requests are not signed ([s3] anonymous)");
  const std::string& id = (*credentials)->access_key_id;
  const std::size_t shown = std::min<std::size_t>(4, id.size() / 2);
  std::string seen = fmt::format("from {}: access key id …{}", printable(source), id.substr(id.size() - shown));
  if (!(*credentials)->session_token.empty()) seen += ", with a session token";
  if (const auto& end = (*credentials)->expiration) {
    const auto left = std::chrono::floor<std::chrono::seconds>(*end - now).count();
    seen += fmt::format(", holds for another {}", seconds_text(left));
  }
  return Finding::ok("credentials", seen);
}

Finding judge_bucket(const BucketSeen& seen) {
  const std::string below = seen.prefix.empty() ? "" : fmt::format(" below {}", printable(seen.prefix));
  if (seen.status >= 200 && seen.status < 300) {
    const std::string found = fmt::format("{} may be listed{}{}", seen.where, below, seen.empty ? "; it is empty" : "");
    if (seen.moved.empty()) return Finding::ok("bucket", found);
    return Finding::warn("bucket", fmt::format("{}, but it is in region {}", found, printable(seen.moved)),
                         fmt::format("set [s3] region = \"{}\" (it is \"{}\")", printable(seen.moved), seen.region));
  }
  return Finding::fail("bucket",
                       fmt::format("{} can't be listed{}: {} {} {}", seen.where, below, seen.status,
                                   printable(seen.code), printable(seen.message)),
                       bucket_fix(seen));
}

Finding judge_range(const RangeSeen& seen) {
  const std::string name = printable(seen.key);
  for (const Result<Piece>* piece : {&seen.first, &seen.again, &seen.matched}) {
    if (*piece) continue;
    return Finding::fail("range", printable(piece->error().message), fix_for(piece->error()));
  }
  constexpr std::string_view broken =
      "reads would fail: use a server that answers ranges as S3 does, without a proxy that changes answers";
  if (seen.first->bytes.size() != seen.asked || seen.first->size != seen.size) {
    return Finding::fail("range",
                         fmt::format("{}: asked for {} bytes of {}, got {} of {}", name, seen.asked, seen.size,
                                     seen.first->bytes.size(), seen.first->size),
                         std::string(broken));
  }
  if (seen.first->etag != seen.etag || seen.again->etag != seen.etag || seen.again->bytes != seen.first->bytes) {
    return Finding::fail("range", fmt::format("{}: bytes or ETag differ from one request to the next", name),
                         fmt::format("{}; or something replaces the object: run again", broken));
  }
  if (seen.foreign || seen.foreign.error().code != ErrorCode::precondition_failed) {
    return Finding::fail(
        "range",
        fmt::format("{}: If-Match with another ETag is {}", name,
                    seen.foreign ? "ignored" : printable(seen.foreign.error().message)),
        "an object that is replaced in mid-read would go unseen until its checksum fails: use a server "
        "that honours If-Match");
  }
  return Finding::ok("range",
                     fmt::format("{}: {} bytes of {}, ETag stable, If-Match honoured", name, seen.asked, seen.size));
}

Finding judge_latency(std::vector<std::chrono::nanoseconds> times) {
  std::ranges::sort(times);
  const auto median = times[times.size() / 2];
  const auto high = times[std::min(times.size() - 1, times.size() * 95 / 100)];
  const std::string seen =
      fmt::format("{} small requests: median {}, p95 {}", times.size(), format_latency(median), format_latency(high));
  if (median <= slow_median) return Finding::ok("latency", seen);
  return Finding::warn("latency", seen, "use a bucket or an endpoint nearer to this machine; first reads will be slow");
}

Finding judge_write(const WriteSeen& seen) {
  const std::string name = printable(seen.key);
  const auto refused = [](const Status& status) {
    return !status && status.error().code == ErrorCode::precondition_failed;
  };
  if (!seen.first) {
    const bool denied = seen.first.error().code == ErrorCode::denied;
    const std::string left = seen.removed ? "" : fmt::format("; {} may be there, for it can't be removed either", name);
    return Finding::fail("write", printable(seen.first.error().message) + left,
                         denied ? "allow these credentials what `seekfs-ctl doctor --policy publisher` prints"
                                : fix_for(seen.first.error()));
  }
  if (!seen.removed) {
    return Finding::fail(
        "write", fmt::format("{} can't be removed: {}", name, printable(seen.removed.error().message)),
        fmt::format("allow s3:DeleteObject (`seekfs-ctl doctor --policy publisher`), and remove {}", name));
  }
  constexpr std::string_view unsafe =
      "two publishers at once could lose work: use a server that honours conditional puts, or publish with "
      "--unsafe-no-conditional-put, one publisher at a time";
  if (!refused(seen.second)) {
    return Finding::fail("write",
                         fmt::format("a second put with If-None-Match: * is {}",
                                     seen.second ? "done" : printable(seen.second.error().message)),
                         std::string(unsafe));
  }
  if (!refused(seen.foreign)) {
    return Finding::fail("write",
                         fmt::format("a put with If-Match of another ETag is {}",
                                     seen.foreign ? "done" : printable(seen.foreign.error().message)),
                         std::string(unsafe));
  }
  if (!seen.read_back || *seen.read_back != seen.written) {
    return Finding::fail(
        "write",
        fmt::format("{}: {}", name,
                    seen.read_back ? "other bytes than were put" : printable(seen.read_back.error().message)),
        "look at the server's log: what is put must be readable at once");
  }
  return Finding::ok(
      "write", fmt::format("put, read back and removed{}; If-None-Match: * and If-Match are honoured",
                           seen.versions_stay ? " (an old version stays: s3:DeleteObjectVersion is denied)" : ""));
}

Finding judge_directory(const DirectorySeen& seen) {
  const bool there = seen.existing == seen.path;
  const std::string name = printable(seen.path);
  if (!seen.writable) {
    return Finding::warn(seen.what,
                         there ? fmt::format("{} can't be written by this user", name)
                               : fmt::format("{} is not there, and this user can't make it in {}", name, seen.existing),
                         fmt::format("a daemon of this user needs it: mkdir -p and chown it, or set {}", seen.key));
  }
  const std::string state =
      fmt::format("{}{}: {} free", name, there ? "" : " (not made yet)", format_size_approx(seen.available));
  if (!seen.capacity) return Finding::ok(seen.what, state);
  const std::string full = fmt::format("{}, {} held, {} of capacity", state, format_size_approx(seen.held),
                                       format_size_approx(*seen.capacity));
  if (*seen.capacity <= seen.held + seen.available) return Finding::ok(seen.what, full);
  return Finding::warn(seen.what, full, "free space there, or set a smaller cache.l2.capacity");
}

Finding judge_descriptors(std::uint64_t limit, std::uint64_t needed) {
  const std::string seen =
      fmt::format("{} may be open, api.max_connections and s3.max_inflight_gets need {}", limit, needed);
  if (limit >= needed) return Finding::ok("descriptors", seen);
  return Finding::warn("descriptors", seen,
                       fmt::format("raise the limit for the daemon: LimitNOFILE={} in its unit, or ulimit -n", needed));
}

}  // namespace seekfs::cli
