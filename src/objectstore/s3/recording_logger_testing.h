// A logger that keeps what it is told, so that a test can look for what must or must not be in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/mutex.h"

namespace seekfs::objectstore::s3 {

/// Keeps lines; others wait for them. Thread-safe.
class RecordingLogger final : public Logger {
 public:
  void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;
  std::string text() const;
  std::uint64_t lines() const;
  void wait_for_lines(std::uint64_t count);

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::string text_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t lines_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace seekfs::objectstore::s3
