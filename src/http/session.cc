// The life of a connection: receiving headers, handing requests to their routes, ending well.
#include "http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/handlers.h"
#include "http/problem.h"
#include "http/session_log.h"

namespace seekfs::http {
namespace {

constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t input_slack = 4096;

/// Counts a request as long as it lives: one that waits, since the others are over before anybody could look.
class InFlight {
 public:
  explicit InFlight(Gauge& gauge) : gauge_(gauge) { gauge_.add(1); }
  ~InFlight() { gauge_.add(-1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Gauge& gauge_;
};

}  // namespace

Session::Session(const SessionContext& context, std::unique_ptr<Stream> stream, const HostRule& host_rule)
    : context_(context),
      stream_(std::move(stream)),
      host_rule_(host_rule),
      input_(context.shared.options.max_header_bytes + input_slack),
      parser_({context.shared.options.max_header_bytes, context.shared.options.max_target_bytes}),
      writer_(*stream_, *this),
      now_(context.shared.parts.clock.now()),
      started_(now_),
      deadline_(started_ + context.shared.options.idle_timeout) {}

async::Task<void> Session::run() {
  try {
    co_return co_await serve();
  } catch (const std::exception& exception) {
    context_.shared.parts.logger.error("an exception ended a connection",
                                       {{"request_id", id_.view()}, {"what", exception.what()}});
    stream_->reset();
  }
  co_return fail(ErrorCode::internal, "an exception ended the connection");
}

async::Task<void> Session::serve() {
  Step step = advance(Step::next);
  while (true) {
    switch (step) {
      case Step::next: step = advance(step); break;
      case Step::receive: {
        SEEKFS_CO_ASSIGN(step, co_await receive_requests());
        break;
      }
      case Step::handle: {
        SEEKFS_CO_ASSIGN(step, co_await handle_request());
        break;
      }
      case Step::flush: {
        SEEKFS_CO_ASSIGN(step, co_await flush_reply());
        break;
      }
      case Step::linger: co_return co_await linger();
      case Step::end: co_return Result<void>{};
    }
  }
}

/// An Error when the connection fails. Requests that need no wait are answered in take(), which this waits behind.
async::Task<Session::Step> Session::receive_requests() {
  const Result<bool> received = co_await stream_->receive(*this);
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (received && *received) co_return step_;
  if (expired_ && phase_ == Phase::header) SEEKFS_CO_TRY(answer_slow_header());
  co_return Step::end;
}

bool Session::take(std::size_t count) noexcept try {
  now_ = context_.shared.parts.clock.now();
  if (input_.pending().empty()) {
    phase_ = Phase::header;
    started_ = now_;
    deadline_ = started_ + context_.shared.options.header_timeout;
  }
  input_.received(count);
  step_ = advance(Step::next);
  return step_ == Step::receive;
} catch (...) {
  thrown_ = std::current_exception();
  return false;
}

Session::Step Session::advance(Step step) {
  while (step == Step::next) step = answer_next();
  return step;
}

Session::Step Session::answer_next() {
  if (expired_) return Step::end;
  if (!request_is_there()) {
    const bool over = phase_ == Phase::idle && context_.shared.draining();
    return over ? Step::end : Step::receive;
  }
  id_ = context_.ids.next();
  exchange_.emplace(context_.shared, parser_.head(), query_, writer_, static_cast<BodyReader&>(*this), scratch_);
  const std::optional<Status> outcome = start_request(*exchange_);
  return outcome ? finish_request(*outcome) : Step::handle;
}

/// Whether a request, or what is refused as one, has been received as a whole.
bool Session::request_is_there() {
  if (input_.pending().empty()) return false;
  const RequestParser::State state = parser_.parse(input_.pending());
  parser_refused_ = state == RequestParser::State::refused;
  if (state != RequestParser::State::need_more) return true;
  if (input_.make_room()) parser_.reset();
  return false;
}

async::Task<Session::Step> Session::handle_request() {
  const InFlight counted(context_.shared.metrics.requests_in_flight());
  const Status outcome = co_await handle(*exchange_);
  co_return finish_request(outcome);
}

async::Task<Session::Step> Session::flush_reply() {
  const InFlight counted(context_.shared.metrics.requests_in_flight());
  co_return conclude(co_await writer_.flush_rest());
}

/// 408, as far as the kernel takes it at once; the peer may be gone.
Result<bool> Session::answer_slow_header() {
  id_ = context_.ids.next();
  Exchange exchange(context_.shared, parser_.head(), query_, writer_, *this, scratch_);
  exchange.request_id = id_.view();
  now_ = context_.shared.parts.clock.now();
  exchange.date = context_.dates.at(now_);
  (void)settle(exchange, refuse(exchange, {408, ErrorCode::timeout, "the request's header did not arrive in time"}));
  SEEKFS_TRY(writer_.try_flush());
  record(exchange);
  writer_.finish();
  stream_->shutdown_write();
  return false;
}

std::string_view Session::choose_request_id() {
  const std::string_view given = parser_.head().request_id;
  return is_request_id(given) ? given : id_.view();
}

std::optional<Status> Session::start_request(Exchange& exchange) {
  phase_ = Phase::handling;
  deadline_ = env::TimePoint::max();
  exchange.request_id = id_.view();
  exchange.date = context_.dates.at(now_);
  body_left_ = 0;
  continue_wanted_ = false;
  if (parser_refused_) return refuse(exchange, parser_.refusal());
  exchange.request_id = choose_request_id();
  if (const auto refusal = check_request(parser_.head())) return refuse(exchange, *refusal);
  if (Status prepared = prepare(exchange); !prepared) return prepared;
  return try_handle(exchange);
}

Status Session::refuse(Exchange& exchange, const Refusal& refusal) {
  exchange.may_keep_alive = false;
  exchange.note.status = refusal.status;
  return fail(refusal.code, refusal.detail);
}

/// Target, host, route and query. What fails before the host is known closes the connection.
Status Session::prepare(Exchange& exchange) {
  const RequestHead& head = parser_.head();
  input_.consume(parser_.header_size());
  body_left_ = head.content_length.value_or(0);
  continue_wanted_ = !head.expect.empty() && !head.http_1_0;
  exchange.may_keep_alive = false;
  SEEKFS_ASSIGN(const Target target, parse_target(head.target));
  const std::string_view host = target.authority.empty() ? head.host : target.authority;
  const bool may_omit = head.http_1_0 && head.host_count == 0 && target.authority.empty();
  if (!may_omit && !host_allowed(host_rule_, host)) {
    return fail(ErrorCode::bad_request, fmt::format("this server is not '{}'", host));
  }
  const bool dev = context_.shared.options.dev_endpoints && context_.shared.parts.dev_store != nullptr;
  const RouteMatch match = match_route(target.path, dev);
  exchange.route = match.route;
  exchange.rest = match.rest;
  exchange.on_loopback = host_rule_.only_local;
  // A body that a route does not read would be taken for the next request: then the connection closes.
  exchange.may_keep_alive = body_left_ == 0 || match.route == Route::readv || match.route == Route::hints;
  return query_.parse(target.query);
}

/// The bytes of the header must stay where they are while the reply is made: consume() above only moves an offset, and
/// nothing is received into the buffer before the request is finished.
async::Task<void> Session::read_body(std::span<char> out) {
  phase_ = Phase::transfer;
  const std::string_view pending = input_.pending();
  const std::size_t there = std::min(pending.size(), out.size());
  std::ranges::copy(pending.substr(0, there), out.begin());
  input_.consume(there);
  body_left_ -= there;
  out = out.subspan(there);
  if (continue_wanted_ && there == 0 && !out.empty()) SEEKFS_CO_TRY(co_await send_continue());
  while (!out.empty()) {
    transfer_waits();
    const Result<std::size_t> count = co_await stream_->read_some(out);
    if (!count) co_return fail(ErrorCode::timeout, "the body did not arrive in time or the connection broke");
    if (*count == 0) co_return fail(ErrorCode::bad_request, "the body ended before its Content-Length");
    body_left_ -= *count;
    out = out.subspan(*count);
  }
  transfer_goes_on();
  co_return Result<void>{};
}

async::Task<void> Session::send_continue() {
  static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string_view rest = text;
  while (!rest.empty()) {
    const iovec piece{const_cast<char*>(rest.data()), rest.size()};
    transfer_waits();
    SEEKFS_CO_ASSIGN(const std::size_t sent, co_await stream_->write_some(std::span(&piece, 1)));
    rest.remove_prefix(sent);
  }
  co_return Result<void>{};
}

void Session::transfer_waits() {
  phase_ = Phase::transfer;
  deadline_ = context_.shared.parts.clock.now() + context_.shared.options.transfer_timeout;
}

void Session::transfer_goes_on() {
  phase_ = Phase::handling;
  deadline_ = env::TimePoint::max();
}

void Session::queue_problem(Exchange& exchange, const Error& error) {
  Problem problem = to_problem(error);
  const ProblemNote& note = exchange.note;
  if (note.status != 0) problem.status = note.status;
  // Nothing but a body that stopped arriving expires before a reply has begun.
  if (expired_) problem.status = 408;
  problem.ns = note.ns;
  problem.path = note.path;
  problem.index = note.index;
  ReplyHead head;
  head.status = problem.status;
  head.content_type = problem_content_type;
  head.version = note.version;
  head.allow = note.allow;
  head.retry_after = problem.retry_after;
  if (note.file_size) head.content_range = ContentRange{{}, 0, *note.file_size};
  std::string document;
  append_problem(document, problem, exchange.request_id);
  // What is left of the body is not waited for.
  if (body_left_ > 0) exchange.may_keep_alive = false;
  exchange.reply(head, std::move(document));
}

bool Session::settle(Exchange& exchange, const Status& outcome) {
  SessionLog log(context_.shared.parts.logger, exchange);
  if (outcome) return true;
  if (writer_.broken()) {
    log.peer_gone(outcome.error());
    return false;
  }
  if (writer_.sent_any()) {
    context_.shared.metrics.aborted_replies().add();
    log.aborted(outcome.error());
    return false;
  }
  writer_.discard();
  queue_problem(exchange, outcome.error());
  log.failed(writer_.status(), outcome.error());
  return true;
}

Session::Step Session::finish_request(const Status& outcome) {
  if (!settle(*exchange_, outcome)) {
    record(*exchange_);
    stream_->reset();
    return Step::end;
  }
  const Result<bool> done = writer_.try_flush();
  if (!done) return conclude(std::unexpected(done.error()));
  return *done ? conclude({}) : Step::flush;
}

Session::Step Session::conclude(const Status& sent) {
  record(*exchange_);
  const bool keep_alive = writer_.keep_alive();
  writer_.finish();
  if (!sent) {
    SessionLog(context_.shared.parts.logger, *exchange_).peer_gone(sent.error());
    stream_->reset();
    return Step::end;
  }
  if (!keep_alive) return Step::linger;
  parser_.reset();
  parser_refused_ = false;
  phase_ = input_.pending().empty() ? Phase::idle : Phase::header;
  return Step::next;
}

void Session::record(const Exchange& exchange) {
  now_ = context_.shared.parts.clock.now();
  context_.shared.metrics.record(exchange.route, writer_.status(), now_ - started_);
  if (context_.shared.options.access_log) {
    SessionLog(context_.shared.parts.logger, exchange).access(writer_.status(), writer_.sent_bytes(), now_ - started_);
  }
  started_ = now_;
  deadline_ =
      now_ + (input_.pending().empty() ? context_.shared.options.idle_timeout : context_.shared.options.header_timeout);
}

/// Closing a socket that has unread bytes resets it, and a reset may overtake the reply: so the peer gets the time to
/// read it and to close. A peer that goes on sending gets no more time than one that is silent: when bytes are always
/// there, cancel() may find no read to end.
async::Task<void> Session::linger() {
  stream_->shutdown_write();
  phase_ = Phase::lingering;
  deadline_ = context_.shared.parts.clock.now() + linger_time;
  input_.consume(input_.pending().size());
  while (!expired_) {
    SEEKFS_CO_ASSIGN(const std::size_t count, co_await stream_->read_some(input_.free()));
    if (count == 0) break;
  }
  co_return Result<void>{};
}

void Session::expire() noexcept {
  expired_ = true;
  deadline_ = env::TimePoint::max();
  stream_->cancel();
}

void Session::drain() noexcept {
  if (phase_ == Phase::lingering) return expire();
  if (phase_ == Phase::idle) stream_->cancel();
}

void Session::abort() noexcept { stream_->reset(); }

}  // namespace seekfs::http
