// How the requests of one operation share its permit, and what a retry paid as long as it is not sent.
#pragma once

#include <utility>

#include "objectstore/object_store.h"
#include "objectstore/origin_gate.h"

namespace seekfs::objectstore::s3 {

/// A permit of the gate pays one request. The requests that follow in its place, one after another, wait for the rate
/// and are refused while the breaker is open; they take no second permit. Belongs to one coroutine at a time.
class PermitUse {
 public:
  /// `gate` outlives it. The permit is its caller's and stays with it.
  PermitUse(OriginGate& gate, RequestOptions options) : gate_(gate), options_(options) {}

  /// Before each request. Errors as OriginGate::acquire(), and timeout.
  async::Task<void> next() {
    if (!std::exchange(used_, true)) co_return Status();
    co_return co_await gate_.wait_for_retry(options_.purpose, options_.deadline);
  }
  bool used() const noexcept { return used_; }

 private:
  OriginGate& gate_;
  const RequestOptions options_;
  bool used_ = false;
};

/// Goes back to the quota unless the retry is sent. Belongs to one coroutine.
class RetryPayment {
 public:
  RetryPayment() = default;
  /// `gate` outlives it.
  RetryPayment(OriginGate& gate, OriginGate::RetryToken token) : gate_(&gate), token_(token) {}
  RetryPayment(RetryPayment&& other) noexcept
      : gate_(std::exchange(other.gate_, nullptr)), token_(std::exchange(other.token_, {})) {}
  RetryPayment& operator=(RetryPayment&& other) noexcept {
    std::swap(gate_, other.gate_);
    std::swap(token_, other.token_);
    return *this;
  }
  ~RetryPayment() {
    if (gate_ != nullptr) gate_->return_retry(token_);
  }

  /// The retry is sent: what it paid, for OriginGate::report().
  OriginGate::RetryToken spend() noexcept {
    gate_ = nullptr;
    return std::exchange(token_, {});
  }

 private:
  OriginGate* gate_ = nullptr;
  OriginGate::RetryToken token_;
};

}  // namespace seekfs::objectstore::s3
