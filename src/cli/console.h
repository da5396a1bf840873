// Where a command writes: results on stdout, everything else on stderr, a progress line when a person watches.
#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/mutex.h"
#include "env/clock.h"

namespace seekfs::cli {

/// Thread-safe but for out() and json(), which belong to the command's thread.
class Console {
 public:
  struct Streams {
    std::FILE* out = stdout;
    std::FILE* err = stderr;
    bool err_is_terminal = false;
    bool color = false;      ///< of err
    bool out_color = false;  ///< of out
  };
  /// Asks the terminal and $NO_COLOR (https://no-color.org).
  static Streams standard_streams();

  Console(Streams streams, env::Clock& clock) : streams_(streams), clock_(clock) {}

  /// `cancelled` when the reader of a pipe has gone: then nobody is there to be told.
  Status out(std::span<const std::byte> bytes);
  Status out(std::string_view text);
  /// Flushes stdout; an error that was buffered shows here.
  Status flush();

  bool out_color() const noexcept { return streams_.out_color; }

  /// One line to stderr, above the progress line: "seekfs-ctl: warning: text". Control characters other than line ends,
  /// and bytes that are not UTF-8, are shown as \xNN.
  void warn(std::string_view text);
  void error(std::string_view text);

  /// Shows or replaces the progress line, at most ten times a second; nothing when stderr is no terminal. `total` 0:
  /// not known yet.
  void progress(std::string_view what, std::uint64_t done_bytes, std::uint64_t total_bytes,
                std::string_view detail = {});
  void clear_progress();

 private:
  void line(std::string_view label, std::string_view color, std::string_view message);
  void erase() SEEKFS_REQUIRES(mutex_);

  Streams streams_;
  env::Clock& clock_;
  Mutex mutex_;
  bool progress_shown_ SEEKFS_GUARDED_BY(mutex_) = false;
  env::TimePoint last_progress_ SEEKFS_GUARDED_BY(mutex_){};
  env::TimePoint first_progress_ SEEKFS_GUARDED_BY(mutex_){};
};

/// "publish  [########------------]  40%  1.2 GiB of 3.0 GiB  250 MiB/s": one progress line without colours.
std::string progress_line(std::string_view what, std::uint64_t done_bytes, std::uint64_t total_bytes, double seconds,
                          std::string_view detail);

}  // namespace seekfs::cli
