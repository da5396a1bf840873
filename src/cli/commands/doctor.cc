// doctor: looks at everything that SeekFS needs, and says what is wrong and what mends it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.h"
#include "cli/doctor/machine_checks.h"
#include "cli/doctor/policy.h"
#include "cli/doctor/s3_checks.h"
#include "cli/doctor/store_checks.h"
#include "cli/text_format.h"

namespace seekfs::cli {
namespace {

struct DoctorOptions {
  bool write = false;
  std::string policy;  ///< --policy; empty: checks
};

class Doctor {
 public:
  Doctor(Session& session, const DoctorOptions& options) : session_(session), options_(options) {}

  Result<ExitCode> run() {
    SEEKFS_ASSIGN(const bool built, check_configuration());
    if (built) {
      SEEKFS_ASSIGN(const bool usable, check_store());
      if (usable) SEEKFS_TRY(check_use());
    }
    const auto loaded = session_.config();
    if (loaded) SEEKFS_TRY(check_machine((*loaded)->values, session_.files(), sink_));
    return code_;
  }

 private:
  /// Prints it at once: a later check may take its time.
  Status add(const Finding& finding) {
    if (finding.grade == Grade::fail && code_ == ExitCode::ok) code_ = finding.failure;
    Console& console = session_.console();
    SEEKFS_TRY(console.out(session_.json() ? finding_json(finding) : finding_text(finding, console.out_color())));
    return console.flush();
  }

  Result<bool> check_configuration() {
    constexpr const char* fix =
        "correct it; `seekfs-ctl config show --origin` prints every key and where it comes from";
    const auto loaded = session_.config();
    const auto store = loaded ? session_.store() : std::unexpected(loaded.error());
    if (!store) {
      const Error& error = store.error();
      SEEKFS_TRY(add(Finding::fail("configuration", printable(error.message), fix, ExitCode::usage)));
      return false;
    }
    SEEKFS_TRY(add(Finding::ok("configuration", describe(**loaded))));
    return true;
  }

  std::string describe(const app::LoadedConfig& loaded) {
    const app::Config& config = loaded.values;
    std::string text = config.store.type == app::StoreType::fs ? "directory " + printable(config.store.path) : "memory";
    if (const auto endpoint = app::s3_endpoint(config.s3); config.store.type == app::StoreType::s3 && endpoint) {
      text = fmt::format("{}, region {} ({}), {}", endpoint->description(), endpoint->region(),
                         loaded.setting("s3.region").origin, config.s3.path_style ? "path-style" : "virtual-host");
    }
    if (!config.store.prefix.empty()) text += ", prefix " + printable(config.store.prefix);
    return text + (loaded.file ? ", by " + *loaded.file : "");
  }

  Result<bool> check_store() {
    SEEKFS_ASSIGN(const app::LoadedConfig* loaded, session_.config());
    const app::Config& config = loaded->values;
    if (config.store.type == app::StoreType::fs) {
      SEEKFS_ASSIGN(const publish::Parts parts, session_.store());
      const Finding finding = check_store_directory(config.store.path, parts.files, parts.store, parts.clock);
      SEEKFS_TRY(add(finding));
      return finding.grade != Grade::fail;
    }
    SEEKFS_ASSIGN(const app::BuiltStore* built, session_.built_store());
    if (built->http() == nullptr) return true;
    SEEKFS_ASSIGN(objectstore::s3::Endpoint endpoint, app::s3_endpoint(config.s3));
    return check_s3({.endpoint = std::move(endpoint),
                     .http = *built->http(),
                     .credentials = *built->credentials(),
                     .clock = session_.clock(),
                     .prefix = config.store.prefix,
                     .timeout = config.s3.request_timeout},
                    sink_);
  }

  Status check_use() {
    SEEKFS_ASSIGN(const publish::Parts parts, session_.store());
    SEEKFS_TRY(check_reads(parts.store, parts.clock, sink_));
    return options_.write ? add(check_write(parts.store, parts.clock, parts.random)) : Status();
  }

  Session& session_;
  const DoctorOptions& options_;
  const FindingSink sink_ = [this](const Finding& finding) { return add(finding); };
  ExitCode code_ = ExitCode::ok;
};

Result<ExitCode> print_policy(Session& session, PolicyRole role) {
  SEEKFS_ASSIGN(const app::LoadedConfig* loaded, session.config());
  const app::Config& config = loaded->values;
  if (config.store.type != app::StoreType::s3) {
    return fail(ErrorCode::bad_request, "--policy prints permissions on a bucket, but store.type is not s3");
  }
  SEEKFS_ASSIGN(const objectstore::s3::Endpoint endpoint, app::s3_endpoint(config.s3));
  SEEKFS_TRY(session.console().out(iam_policy(role, endpoint.bucket(), config.store.prefix, endpoint.region())));
  return ExitCode::ok;
}

Result<ExitCode> run(Session& session, const DoctorOptions& options) {
  if (const auto role = parse_policy_role(options.policy)) return print_policy(session, *role);
  return Doctor(session, options).run();
}

}  // namespace

void add_doctor(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "check configuration, store, credentials, clock and this machine");
  auto* write = command->add_flag("--write", options->write,
                                  "also put, overwrite and remove an object of its own, .seekfs-doctor/RANDOM");
  command->add_option("--policy", options->policy, "print the least IAM policy instead: reader or publisher")
      ->check(CLI::IsMember({"reader", "publisher"}))
      ->excludes(write)
      ->type_name("ROLE");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(session, *options); }; });
}

}  // namespace seekfs::cli
