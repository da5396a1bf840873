// What is measured of the requests that an origin gets; the names are SPEC section 9's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/metrics.h"
#include "env/clock.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

enum class OriginOp : std::uint8_t { get, head, put, list, remove };
inline constexpr std::size_t origin_op_count = 5;

/// Counts seekfs_origin_requests_total{op,outcome,purpose}, seekfs_origin_bytes_total{purpose},
/// seekfs_origin_request_duration_seconds{op}, seekfs_origin_inflight, and seekfs_origin_up (0 after a transient
/// failure, 1 after any answer). Thread-safe.
class OriginMetrics {
 public:
  /// Both outlive it.
  OriginMetrics(MetricsRegistry& metrics, const env::Clock& clock);

  /// One request while it is under way; in flight until it is destroyed, however that comes.
  class Request {
   public:
    Request(OriginMetrics& metrics, OriginOp op, Purpose purpose);
    ~Request() { metrics_.inflight_.add(-1); }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    /// How it ended; nothing: well. At most once.
    void end(std::optional<ErrorCode> error);
    template <class T>
    Result<T> done(Result<T> result) {
      end(result ? std::nullopt : std::optional(result.error().code));
      return result;
    }

   private:
    OriginMetrics& metrics_;
    OriginOp op_;
    Purpose purpose_;
    env::TimePoint started_;
  };

  /// Of bodies read from and written to the origin.
  Counter& bytes(Purpose purpose) noexcept { return *bytes_[static_cast<std::size_t>(purpose)]; }

 private:
  Counter& requests(OriginOp op, Purpose purpose, std::optional<ErrorCode> error);
  void note(std::optional<ErrorCode> error);

  static constexpr std::size_t purpose_count = 5;
  static constexpr std::size_t outcome_count = error_code_count + 1;  ///< success, then one for each error code

  MetricsRegistry& metrics_;
  const env::Clock& clock_;
  Gauge& inflight_;
  Gauge& up_;
  std::array<Histogram*, origin_op_count> durations_{};
  std::array<Counter*, purpose_count> bytes_{};
  std::array<std::array<std::array<std::atomic<Counter*>, outcome_count>, purpose_count>, origin_op_count> requests_{};
};

/// Counts the bytes that pass; for the body of one GET.
class CountingSink final : public BodySink {
 public:
  CountingSink(BodySink& inner, Counter& bytes) : inner_(inner), bytes_(bytes) {}
  bool wants_pause(const std::weak_ptr<PausedBody>& body) override { return inner_.wants_pause(body); }
  std::span<std::byte> prepare() override { return inner_.prepare(); }
  void commit(std::size_t count) override {
    bytes_.add(count);
    inner_.commit(count);
  }

 private:
  BodySink& inner_;
  Counter& bytes_;
};

}  // namespace seekfs::objectstore
