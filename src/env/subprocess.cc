// posix_spawn(3) with a pipe, and poll(2) on the pipe, on the process (pidfd_open(2)) and on what ends it early.
#include "env/subprocess.h"

#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <csignal>

#include "env/posix_call.h"

namespace seekfs::env {
namespace {

/// What posix_spawn is told; the names are those of its manual page.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes_, &all);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// 0 or an errno.
  int spawn(const SubprocessOptions& options, pid_t& pid) {
    std::vector<std::string> variables;
    variables.reserve(options.environment.size());
    for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
    std::vector<char*> environment = pointers(variables);
    std::vector<std::string> words = options.command;
    std::vector<char*> arguments = pointers(words);
    return ::posix_spawnp(&pid, arguments.front(), &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// A descriptor that becomes readable at the deadline or on `stop`, whichever clock the deadline is on.
class Ending {
 public:
  Ending(const SubprocessOptions& options, Clock& clock)
      : descriptor_(::eventfd(0, EFD_CLOEXEC)),
        alarm_(clock.make_alarm([this] { ring(); })),
        on_stop_(options.stop, [this] {
          stopped_ = true;
          ring();
        }) {
    if (options.deadline != TimePoint::max()) alarm_->set(options.deadline);
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  int descriptor() const { return descriptor_.get(); }
  bool stopped() const { return stopped_; }

 private:
  void ring() {
    const std::uint64_t one = 1;
    // A full counter is readable already.
    static_cast<void>(!::write(descriptor_.get(), &one, sizeof one));
  }

  Descriptor descriptor_;
  std::atomic<bool> stopped_ = false;
  std::unique_ptr<Alarm> alarm_;
  std::stop_callback<std::function<void()>> on_stop_;
};

/// A started process: killed with its group, and reaped, at the end of the scope at the latest.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~Child() {
    if (pid_ > 0) end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int descriptor() const { return descriptor_.get(); }

  /// Kills what still runs; the exit code.
  int end() {
    // The leader is not reaped yet, so the group's number can't belong to others.
    ::kill(-pid_, SIGKILL);
    int status = 0;
    retry_interrupted([&] { return ::waitpid(pid_, &status, 0); });
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  Descriptor descriptor_;
};

/// Appends what the pipe holds; false at its end.
Result<bool> drain(int pipe, std::uint64_t limit, std::string& output) {
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t count = retry_interrupted([&] { return ::read(pipe, piece.data(), piece.size()); });
    if (count < 0 && errno == EAGAIN) return true;
    if (count < 0) return fail_errno("read from", "a program");
    if (count == 0) return false;
    output.append(piece.data(), static_cast<std::size_t>(count));
    if (output.size() > limit) {
      return fail(ErrorCode::too_large, "the program wrote more than " + std::to_string(limit) + " bytes");
    }
  }
}

/// Until the process has ended: a program that it left running in the background may hold the pipe open.
Status collect(int pipe, const Child& child, const Ending& ending, std::uint64_t limit, std::string& output) {
  std::array<pollfd, 3> watched{pollfd{child.descriptor(), POLLIN, 0}, pollfd{ending.descriptor(), POLLIN, 0},
                                pollfd{pipe, POLLIN, 0}};
  for (;;) {
    if (retry_interrupted([&] { return ::poll(watched.data(), watched.size(), -1); }) < 0) {
      return fail_errno("poll", "a program");
    }
    const bool has_ended = watched[0].revents != 0;
    SEEKFS_ASSIGN(const bool open, drain(pipe, limit, output));
    if (has_ended) return {};
    if (watched[1].revents != 0) {
      return ending.stopped() ? fail(ErrorCode::cancelled, "the program was not waited for")
                              : fail(ErrorCode::timeout, "the program did not end before its deadline");
    }
    // The end of the pipe would be reported for ever.
    if (!open) watched[2].fd = -1;
  }
}

}  // namespace

Result<SubprocessResult> run_subprocess(const SubprocessOptions& options, Clock& clock) {
  if (options.command.empty()) return fail(ErrorCode::invalid, "there is no program to start");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("make", "a pipe");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  if (::fcntl(reading.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno("set up", "a pipe");
  const Ending ending(options, clock);

  pid_t pid = -1;
  if (const int error = SpawnPlan(writing.get()).spawn(options, pid); error != 0) {
    return std::unexpected<Error>(error_from_errno(error, "start " + options.command.front()));
  }
  Child child(pid);
  writing = Descriptor();
  if (child.descriptor() < 0) return fail_errno("watch", options.command.front());
  SubprocessResult result;
  SEEKFS_TRY(collect(reading.get(), child, ending, options.output_limit, result.output));
  result.exit_code = child.end();
  return result;
}

}  // namespace seekfs::env
