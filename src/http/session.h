// One connection: requests in, replies out, one after the other, until one side has had enough.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/request_id.h"
#include "http/exchange.h"
#include "http/input_buffer.h"
#include "http/parts.h"
#include "http/reply_date.h"
#include "http/request_check.h"
#include "http/request_parser.h"
#include "http/stream.h"
#include "http/target.h"

namespace seekfs::http {

/// What the sessions of one reactor share; used on its thread only.
struct SessionContext {
  Shared& shared;
  RequestIdSource& ids;
  ReplyDate& dates;
};

/// Lives on one reactor; every call on its thread. It is run once; what follows run() in its life is its destruction.
class Session final : TransferWatch, BodyReader, ByteSink {
 public:
  Session(const SessionContext& context, std::unique_ptr<Stream> stream, const HostRule& host_rule);

  /// Serves the connection until it ends.
  async::Task<void> run();

  /// When expire() is due; TimePoint::max() while nothing is expected of the peer.
  env::TimePoint deadline() const noexcept { return deadline_; }
  /// The peer was too slow: the wait that is under way ends.
  void expire() noexcept;
  /// The server is draining: the connection ends now if it is idle, else after the reply under way.
  void drain() noexcept;
  /// Ends the connection whatever it is doing; what waits for the reader ends when that wait does.
  void abort() noexcept;

 private:
  enum class Phase : std::uint8_t { idle, header, handling, transfer, lingering };

  /// What a connection does next. All but the first wait, and so belong to serve().
  enum class Step : std::uint8_t {
    next,     ///< look at what has been received
    receive,  ///< there is no whole request
    handle,   ///< the request cannot be answered at once
    flush,    ///< the kernel has not taken all of the reply
    linger,   ///< the reply was the last one
    end
  };

  async::Task<void> serve();
  async::Task<Step> receive_requests();
  async::Task<Step> handle_request();
  async::Task<Step> flush_reply();
  async::Task<void> linger();

  /// Answers requests, from `step` on, until something must be waited for.
  Step advance(Step step);
  Step answer_next();
  bool request_is_there();
  Result<bool> answer_slow_header();

  /// Everything about the request behind the parser that needs no wait: nothing when handle() must be asked.
  std::optional<Status> start_request(Exchange& exchange);
  Status refuse(Exchange& exchange, const Refusal& refusal);
  Status prepare(Exchange& exchange);
  void queue_problem(Exchange& exchange, const Error& error);
  /// Turns a failed request into a problem, or reports that the reply is beyond repair: false.
  bool settle(Exchange& exchange, const Status& outcome);
  /// Sends what is queued, as far as the kernel takes it at once.
  Step finish_request(const Status& outcome);
  /// After the reply has left, or could not.
  Step conclude(const Status& sent);
  void record(const Exchange& exchange);
  std::string_view choose_request_id();

  std::span<char> room() override { return input_.free(); }
  bool take(std::size_t count) noexcept override;

  void transfer_waits() override;
  void transfer_goes_on() override;
  async::Task<void> read_body(std::span<char> out) override;
  async::Task<void> send_continue();

  SessionContext context_;
  std::unique_ptr<Stream> stream_;
  const HostRule& host_rule_;
  InputBuffer input_;
  RequestParser parser_;
  Query query_;
  Scratch scratch_;
  ReplyWriter writer_;

  std::optional<Exchange> exchange_;  ///< of the request that is being answered
  Step step_ = Step::next;            ///< where take() has come to
  std::exception_ptr thrown_;         ///< out of take()

  Phase phase_ = Phase::idle;
  bool expired_ = false;
  bool parser_refused_ = false;
  RequestId id_{0};
  env::TimePoint now_;  ///< when bytes came last, or a reply had left
  env::TimePoint started_;
  env::TimePoint deadline_;
  std::uint64_t body_left_ = 0;
  bool continue_wanted_ = false;
};

}  // namespace seekfs::http
