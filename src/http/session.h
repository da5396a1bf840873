// One connection: requests in, replies out, one after the other, until one side has had enough.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/http_date.h"
#include "base/request_id.h"
#include "http/exchange.h"
#include "http/input_buffer.h"
#include "http/parts.h"
#include "http/request_check.h"
#include "http/request_parser.h"
#include "http/stream.h"
#include "http/target.h"

namespace seekfs::http {

/// What the sessions of one reactor share; used on its thread only.
struct SessionContext {
  Shared& shared;
  RequestIdSource& ids;
  DateCache& dates;
};

/// Lives on one reactor; every call on its thread. It is run once; what follows run() in its life is its destruction.
class Session final : TransferWatch, BodyReader {
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

  async::Task<void> serve();
  async::Task<bool> receive_request();
  async::Task<void> receive_more();
  async::Task<void> linger();
  Result<bool> answer_slow_header();

  /// Everything about the request behind the parser that needs no wait: nothing when handle() must be asked.
  std::optional<Status> start_request(Exchange& exchange);
  Status refuse(Exchange& exchange, const Refusal& refusal);
  Status prepare(Exchange& exchange);
  void queue_problem(Exchange& exchange, const Error& error);
  /// Turns a failed request into a problem, or reports that the reply is beyond repair: false.
  bool settle(Exchange& exchange, const Status& outcome);
  async::Task<bool> finish_request(Exchange& exchange, Status outcome);
  void record(const Exchange& exchange);
  std::string_view choose_request_id();

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

  Phase phase_ = Phase::idle;
  bool expired_ = false;
  bool parser_refused_ = false;
  RequestId id_{0};
  env::TimePoint started_;
  env::TimePoint deadline_;
  std::uint64_t body_left_ = 0;
  bool continue_wanted_ = false;
};

}  // namespace seekfs::http
