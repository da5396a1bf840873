// Lines as a daemon would print them.
#include "objectstore/s3/recording_logger_testing.h"

namespace seekfs::objectstore::s3 {

void RecordingLogger::log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const std::string line = format_log_line(LogFormat::logfmt, level, event, fields);
  MutexLock lock(mutex_);
  text_ += line + "\n";
  ++lines_;
  changed_.notify_all();
}

std::string RecordingLogger::text() const {
  MutexLock lock(mutex_);
  return text_;
}

std::uint64_t RecordingLogger::lines() const {
  MutexLock lock(mutex_);
  return lines_;
}

void RecordingLogger::wait_for_lines(std::uint64_t count) {
  MutexLock lock(mutex_);
  while (lines_ < count) changed_.wait(mutex_);
}

}  // namespace seekfs::objectstore::s3
