// The order in which the parts are asked, and what each learns from an answer.
#include "objectstore/origin_gate_policy.h"

#include <algorithm>

namespace seekfs::objectstore {

OriginGatePolicy::OriginGatePolicy(const OriginLimits& limits, env::TimePoint now)
    : limits_(limits), bucket_(now), limit_(limits.max_in_flight), breaker_(limits.jitter_seed) {
  apply_rate(now);
}

OriginGatePolicy::Decision OriginGatePolicy::request(env::TimePoint now) {
  const CircuitBreaker::Answer allowed = breaker_.ask(now);
  if (allowed.verdict == CircuitBreaker::Verdict::refuse) return {Verdict::refuse, allowed.at};
  const bool full = in_flight_ >= limit_.limit();
  // Nobody waits while the breaker is open: a probe is let through over the rate, and refused when all permits hang.
  if (open() && full) return {Verdict::refuse, now + CircuitBreaker::first_pause};
  if (full) return {Verdict::full};
  if (allowed.verdict == CircuitBreaker::Verdict::later) return {Verdict::later, allowed.at};
  if (!bucket_.take(now) && !open()) return {Verdict::later, bucket_.next()};
  ++in_flight_;
  hedges_.requested();
  count_sent(now);
  return {Verdict::pass, now, breaker_.sent(now)};
}

OriginGatePolicy::Decision OriginGatePolicy::retry(env::TimePoint now) {
  const CircuitBreaker::Answer allowed = breaker_.ask(now);
  if (open()) {
    return {Verdict::refuse,
            allowed.verdict == CircuitBreaker::Verdict::refuse ? allowed.at : now + CircuitBreaker::first_pause};
  }
  if (allowed.verdict == CircuitBreaker::Verdict::later) return {Verdict::later, allowed.at};
  if (!bucket_.take(now)) return {Verdict::later, bucket_.next()};
  count_sent(now);
  breaker_.sent(now);
  return {Verdict::pass, now};
}

void OriginGatePolicy::count_sent(env::TimePoint now) {
  ++unanswered_;
  rate_.sent(now);
}

void OriginGatePolicy::give_back(std::uint64_t probe, bool unused) {
  --in_flight_;
  if (unused) {
    bucket_.put_back();
    if (unanswered_ > 0) --unanswered_;
  }
  if (probe != 0) breaker_.probe_returned(probe);
  // Cancelled requests are never answered; what is at the origin holds a permit (a hedge shares one).
  unanswered_ = std::min(unanswered_, in_flight_);
  limit_.unanswered_at_most(unanswered_);
}

std::optional<RetryToken> OriginGatePolicy::take_retry(RetryKind kind) {
  if (open()) return std::nullopt;
  return retries_.take(kind);
}

bool OriginGatePolicy::take_hedge(env::TimePoint now) {
  const bool calm = limit_.limit() >= limits_.max_in_flight / 2 && retries_.available() >= RetryQuota::capacity / 2;
  if (!calm || open() || breaker_.ask(now).verdict != CircuitBreaker::Verdict::pass) return false;
  if (!hedges_.available(now) || !bucket_.take(now)) return false;
  hedges_.take();
  count_sent(now);
  breaker_.sent(now);
  return true;
}

void OriginGatePolicy::report(OriginAnswer answer, env::TimePoint sent, RetryToken paid, env::TimePoint now) {
  if (unanswered_ > 0) --unanswered_;
  if (answer == OriginAnswer::transient) {
    limit_.failed();
    if (limits_.breaker) breaker_.failed(sent, now);
    return;
  }
  // Who throttles is there.
  if (breaker_.answered(now)) limit_.restart(in_flight_);
  if (answer == OriginAnswer::throttled) {
    hedges_.throttled(now);
    if (limit_.throttled(unanswered_, in_flight_)) rate_.throttled(now);
  } else {
    retries_.succeeded(paid);
    limit_.succeeded(in_flight_);
    rate_.succeeded(now);
  }
  apply_rate(now);
}

void OriginGatePolicy::apply_rate(env::TimePoint now) {
  std::optional<double> rate = rate_.limit();
  if (limits_.requests_per_second > 0) {
    const auto fixed = static_cast<double>(limits_.requests_per_second);
    rate = std::min(rate.value_or(fixed), fixed);
  }
  bucket_.set_rate(rate, now);
}

}  // namespace seekfs::objectstore
