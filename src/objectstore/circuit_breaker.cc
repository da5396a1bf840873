// The breaker's three phases.
#include "objectstore/circuit_breaker.h"

#include <algorithm>

namespace seekfs::objectstore {
namespace {

/// SplitMix64 (Steele, Lea and Flood, 2014): as good as random for spreading the probes of many processes.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

constexpr std::uint64_t jitter_steps = 401;  ///< 0.800, 0.801, … 1.200

}  // namespace

CircuitBreaker::Answer CircuitBreaker::ask(env::TimePoint now) const {
  switch (phase_) {
    case Phase::closed:
      if (failures_ >= suspicious_failures && now < last_sent_ + suspicious_interval) {
        return {Verdict::later, last_sent_ + suspicious_interval};
      }
      return {Verdict::pass};
    case Phase::open:
      if (now < open_until_) return {Verdict::refuse, open_until_};
      return {Verdict::pass};
    case Phase::half_open: break;
  }
  return {Verdict::refuse, now + first_pause};
}

std::uint64_t CircuitBreaker::sent(env::TimePoint now) {
  last_sent_ = now;
  if (phase_ != Phase::open) return 0;
  phase_ = Phase::half_open;
  probe_sent_ = now;
  return ++last_probe_;
}

bool CircuitBreaker::failed(env::TimePoint sent, env::TimePoint now) {
  switch (phase_) {
    case Phase::closed:
      if (sent < answered_at_) return false;
      trying_since_ = std::min(trying_since_.value_or(sent), sent);
      if (++failures_ < suspicious_failures || now - *trying_since_ < patience) return false;
      break;
    case Phase::half_open:
      if (sent < probe_sent_) return false;
      ++failed_probes_;
      break;
    case Phase::open: return false;
  }
  open(now);
  return true;
}

void CircuitBreaker::open(env::TimePoint now) {
  phase_ = Phase::open;
  const env::Duration pause = std::min(longest_pause, first_pause * (1U << std::min(failed_probes_, 8U)));
  const std::uint64_t permille = 800 + mixed(seed_ + times_opened_) % jitter_steps;
  ++times_opened_;
  open_until_ = now + pause / 1000 * permille;
}

bool CircuitBreaker::answered(env::TimePoint now) {
  const bool was_closed = closed();
  answered_at_ = now;
  phase_ = Phase::closed;
  failures_ = 0;
  failed_probes_ = 0;
  trying_since_.reset();
  return !was_closed;
}

void CircuitBreaker::probe_returned(std::uint64_t probe) {
  if (phase_ != Phase::half_open || probe != last_probe_) return;
  phase_ = Phase::open;
}

}  // namespace seekfs::objectstore
