// Two lanes and who is first.
#include "objectstore/s3/hedged_get.h"

#include <array>
#include <utility>

#include "base/mutex.h"

namespace seekfs::objectstore::s3 {
namespace {

/// Shared with the timer, which may ring while the attempt ends. Lock order: the race, then the gate or the transfers'
/// inbox; neither calls back under its own.
class Race : public std::enable_shared_from_this<Race> {
 public:
  Race(const EngineParts& parts, const GetQuestion& question, const SignedHttp& sent, BodySink& sink)
      : parts_(parts),
        question_(question),
        request_(sent.request),
        sink_(sink, parts.metrics.bytes(question.purpose)),
        lanes_{Lane(*this, 0), Lane(*this, 1)} {}

  boost::asio::awaitable<GetAnswer, async::Executor> run(OriginGate::RetryToken paid);

 private:
  /// One exchange. Its members are touched by the transfer thread until its wait() has returned, then by the waiter.
  struct Lane final : HttpReceiver {
    Lane(Race& owner, std::size_t number) : race(owner), index(number) {}
    Choice on_head(const HttpReplyHead& answer) override { return race.on_head(*this, answer); }

    Race& race;
    const std::size_t index;
    env::TimePoint started;
    std::optional<OriginMetrics::Request> measured;
    std::optional<GetHead> head;        ///< of a good answer
    std::optional<Failure> bad_answer;  ///< a head that can't be what was asked for
    Result<HttpReply> reply = fail(ErrorCode::cancelled, "not sent");
  };

  void start(Lane& lane, bool is_hedge) SEEKFS_REQUIRES(mutex_);
  void hedge();
  HttpReceiver::Choice on_head(Lane& lane, const HttpReplyHead& head);
  bool win(const Lane& lane);
  void check_head(Lane& lane, const HttpReplyHead& head) const;
  std::optional<Failure> failure_of(const Lane& lane) const;
  void finish(Lane& lane, OriginGate::RetryToken paid);
  HttpTransfer* transfer(std::size_t index) const;
  bool hedge_won() const;

  const EngineParts& parts_;
  const GetQuestion& question_;
  const HttpRequest request_;
  CountingSink sink_;
  std::array<Lane, 2> lanes_;

  mutable Mutex mutex_;
  std::array<std::unique_ptr<HttpTransfer>, 2> transfers_ SEEKFS_GUARDED_BY(mutex_);
  std::optional<std::size_t> winner_ SEEKFS_GUARDED_BY(mutex_);
  bool closed_ SEEKFS_GUARDED_BY(mutex_) = false;  ///< no hedge any more
};

void Race::start(Lane& lane, bool is_hedge) {
  HttpRequest request = request_;
  request.fresh_connection = is_hedge;
  lane.started = parts_.timers.clock().now();
  lane.measured.emplace(parts_.metrics, OriginOp::get, is_hedge ? Purpose::hedge : question_.purpose);
  transfers_[lane.index] = parts_.http.start(std::move(request), lane);
}

/// On the clock's thread, when the first byte is late.
void Race::hedge() {
  MutexLock lock(mutex_);
  if (closed_ || winner_ || !parts_.gate.take_hedge()) return;
  start(lanes_[1], true);
}

void Race::check_head(Lane& lane, const HttpReplyHead& head) const {
  Result<GetHead> got = object_of_get(question_.key, head, question_.range);
  if (!got) {
    lane.bad_answer = broken_answer(got.error().message, head, question_.action);
  } else if (question_.etag && got->info.etag != *question_.etag) {
    lane.bad_answer = Failure{
        .kind = FailureKind::final,
        .error = Error(ErrorCode::precondition_failed, question_.action + ": the object has ETag " + got->info.etag +
                                                           ", not " + *question_.etag + request_ids(head))};
  } else {
    lane.head = *std::move(got);
  }
}

/// The first lane with a good answer; the other one is cancelled.
bool Race::win(const Lane& lane) {
  HttpTransfer* loser = nullptr;
  {
    MutexLock lock(mutex_);
    if (winner_) return *winner_ == lane.index;
    winner_ = lane.index;
    loser = transfers_[1 - lane.index].get();
  }
  if (loser != nullptr) loser->cancel();
  return true;
}

HttpReceiver::Choice Race::on_head(Lane& lane, const HttpReplyHead& head) {
  if (head.status != 200 && head.status != 206) return {};
  parts_.gate.observe_first_byte(parts_.timers.clock().now() - lane.started);
  check_head(lane, head);
  if (lane.bad_answer || !win(lane)) return {.sink = nullptr, .abandon = true};
  return {.sink = &sink_};
}

std::optional<Failure> Race::failure_of(const Lane& lane) const {
  if (lane.bad_answer) return lane.bad_answer;
  if (!lane.reply) return classify_transport(lane.reply.error(), question_.action);
  if (!lane.head) return classify_reply(*lane.reply, question_.action);
  return std::nullopt;
}

void Race::finish(Lane& lane, OriginGate::RetryToken paid) {
  const std::optional<Failure> failure = failure_of(lane);
  lane.measured->end(failure ? std::optional(failure->error.code) : std::nullopt);
  lane.measured.reset();
  const auto answer = failure ? failure->answer() : OriginAnswer::success;
  if (answer) parts_.gate.report(*answer, lane.started, paid);
}

HttpTransfer* Race::transfer(std::size_t index) const {
  MutexLock lock(mutex_);
  return transfers_[index].get();
}

bool Race::hedge_won() const {
  MutexLock lock(mutex_);
  return winner_ == 1U;
}

boost::asio::awaitable<GetAnswer, async::Executor> Race::run(OriginGate::RetryToken paid) {
  const auto delay = question_.purpose == Purpose::demand ? parts_.gate.hedge_delay() : std::nullopt;
  {
    MutexLock lock(mutex_);
    start(lanes_[0], false);
  }
  std::optional<async::Timers::Id> timer;
  if (delay) {
    timer = parts_.timers.schedule(lanes_[0].started + *delay, [self = shared_from_this()] { self->hedge(); });
  }
  lanes_[0].reply = co_await transfer(0)->wait();
  if (timer) parts_.timers.cancel(*timer);
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  finish(lanes_[0], paid);
  Lane* decisive = &lanes_[0];
  if (HttpTransfer* const second = transfer(1)) {
    if (!failure_of(lanes_[0])) second->cancel();
    lanes_[1].reply = co_await second->wait();
    const bool won = hedge_won();
    // The retry's tokens come back by whichever lane succeeds.
    finish(lanes_[1], won ? paid : OriginGate::RetryToken{});
    if (won) decisive = &lanes_[1];
  }
  co_return GetAnswer{.head = decisive->head,
                      .failure = failure_of(*decisive),
                      .ended_by_sink = decisive->reply && decisive->reply->ended_by_sink};
}

}  // namespace

boost::asio::awaitable<GetAnswer, async::Executor> hedged_get(const EngineParts& parts, const GetQuestion& question,
                                                              const SignedHttp& sent, OriginGate::RetryToken paid,
                                                              BodySink& sink) {
  const auto race = std::make_shared<Race>(parts, question, sent, sink);
  co_return co_await race->run(paid);
}

}  // namespace seekfs::objectstore::s3
