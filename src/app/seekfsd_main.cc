// seekfsd: the daemon's process. Configuration, signals, the ready line, exit codes.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "app/config/command_line.h"
#include "app/config/load.h"
#include "app/daemon.h"
#include "app/service_manager.h"
#include "base/log.h"
#include "env/file.h"
#include "env/process.h"

namespace seekfs::app {
namespace {

constexpr int exit_failure = 1;
constexpr int exit_wrong_configuration = 2;
constexpr std::chrono::seconds drain_patience{20};

/// SIGTERM and SIGINT are taken by the main thread alone, with sigwait; threads made later inherit the mask.
sigset_t block_signals() {
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGINT);
  sigset_t blocked = waited;
  sigaddset(&blocked, SIGPIPE);
  sigaddset(&blocked, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  return waited;
}

/// As many descriptors as the system allows, for connections; no core dumps, since memory holds credentials.
void set_process_limits() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

std::string variable(const std::vector<std::pair<std::string, std::string>>& environment, std::string_view name) {
  for (const auto& [key, value] : environment) {
    if (key == name) return value;
  }
  return {};
}

void report(Logger& log, const Status& status) {
  if (!status) log.warning("the service manager could not be told", {{"error", status.error().message}});
}

int fail_with(int exit_code, const Error& error) {
  std::fprintf(stderr, "seekfsd: %s\n", error.message.c_str());
  return exit_code;
}

int serve(const LoadedConfig& loaded, const std::string& notify_socket) {
  const sigset_t signals = block_signals();
  set_process_limits();
  const auto log = make_stderr_logger(loaded.values.log.level, loaded.values.log.format);
  for (const std::string& warning : loaded.warnings) log->warning(warning);

  auto daemon = Daemon::start(loaded.values, *log);
  if (!daemon) {
    const bool configuration = daemon.error().code == ErrorCode::invalid;
    return fail_with(configuration ? exit_wrong_configuration : exit_failure, daemon.error());
  }
  std::string line = "seekfsd ready on";
  for (const std::string& address : (*daemon)->addresses())
    line += (address.starts_with("unix:") ? " " : " http://") + address;
  std::puts(line.c_str());
  std::fflush(stdout);
  report(*log, notify_service_manager(notify_socket, "READY=1"));

  int signal = 0;
  sigwait(&signals, &signal);
  log->info("stopping", {{"signal", signal}});
  report(*log, notify_service_manager(notify_socket, "STOPPING=1"));
  if (!(*daemon)->drain(drain_patience)) {
    // What still waits for a store that does not answer could hold the process for as long as its timeouts.
    log->warning("requests were cut off: they did not end in time", {{"patience_s", drain_patience.count()}});
    std::_Exit(EXIT_SUCCESS);
  }
  return EXIT_SUCCESS;
}

int run(std::vector<std::string> arguments) {
  auto command_line = parse_daemon_command_line(std::move(arguments));
  if (!command_line) return fail_with(exit_wrong_configuration, command_line.error());
  if (command_line->answer) {
    std::fputs(command_line->answer->c_str(), stdout);
    return EXIT_SUCCESS;
  }
  command_line->sources.environment = env::environment();
  const auto loaded = load_config(env::posix_file_system(), command_line->sources, this_build(), this_machine());
  if (!loaded) return fail_with(exit_wrong_configuration, loaded.error());
  return serve(*loaded, variable(command_line->sources.environment, "NOTIFY_SOCKET"));
}

}  // namespace
}  // namespace seekfs::app

int main(int argc, char** argv) { return seekfs::app::run({argv + 1, argv + argc}); }
