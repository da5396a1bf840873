// The way of a request through the fake: record, throttle, script, signature, service, faults.
#include "objectstore/s3/fake_s3_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>

#include "base/http_date.h"
#include "base/sha256.h"
#include "objectstore/s3/s3_service_testing.h"
#include "objectstore/token_bucket.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::size_t max_log = 20'000;

/// Requests that are being answered.
class Gauge {
 public:
  /// Counts one up; down when it is destroyed.
  static std::shared_ptr<const void> enter(const std::shared_ptr<Gauge>& gauge) {
    {
      MutexLock lock(gauge->mutex_);
      gauge->most_ = std::max(gauge->most_, ++gauge->now_);
    }
    return {nullptr, [gauge](const void*) {
              MutexLock lock(gauge->mutex_);
              --gauge->now_;
            }};
  }
  void read(FakeS3Counters& counters) const {
    MutexLock lock(mutex_);
    counters.in_flight = now_;
    counters.max_in_flight = most_;
  }
  void reset() {
    MutexLock lock(mutex_);
    most_ = now_;
  }

 private:
  mutable Mutex mutex_;
  std::uint64_t now_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t most_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace

struct FakeS3::State {
  explicit State(FakeS3Options given)
      : options(std::move(given)),
        bucket(
            {.versioned = options.versioned, .min_part_size = options.min_part_size, .now = [this] { return now(); }}),
        service(bucket, options.bucket, options.region),
        accounts(options.accounts),
        server([this](const ServedRequest& request) { return answer(request); }, options.identity, options.port) {}

  std::chrono::system_clock::time_point now() const {
    return std::chrono::system_clock::now() + std::chrono::seconds(clock_offset.load());
  }
  ServedReply answer(const ServedRequest& http);
  ServedReply answer_s3(ServedS3Request& request);
  ServedReply serve(const ServedS3Request& request);
  bool admit();
  void stamp(ServedReply& reply, const ServedS3Request& request) const;
  void record(const ServedS3Request& request, int status);
  FakeS3Second& this_second() SEEKFS_REQUIRES(mutex);

  const FakeS3Options options;
  std::atomic<std::int64_t> clock_offset = 0;  ///< seconds
  std::atomic<std::uint64_t> last_id = 0;
  FakeBucket bucket;
  const S3Service service;
  FaultScript script;
  const std::shared_ptr<Gauge> gauge = std::make_shared<Gauge>();

  mutable Mutex mutex;
  std::vector<FakeAccount> accounts SEEKFS_GUARDED_BY(mutex);
  TokenBucket throttle SEEKFS_GUARDED_BY(mutex){std::chrono::steady_clock::now()};
  FakeS3Counters counters SEEKFS_GUARDED_BY(mutex);
  std::deque<FakeS3Log> log SEEKFS_GUARDED_BY(mutex);
  std::chrono::steady_clock::time_point record_began SEEKFS_GUARDED_BY(mutex) = std::chrono::steady_clock::now();

  LoopbackHttpServer server;  ///< last: its threads use all of the above
};

bool FakeS3::State::admit() {
  MutexLock lock(mutex);
  const bool admitted = throttle.take(std::chrono::steady_clock::now());
  if (!admitted) ++counters.throttled;
  return admitted;
}

void FakeS3::State::stamp(ServedReply& reply, const ServedS3Request& request) const {
  const HttpDateText date = format_http_date(std::chrono::system_clock::to_time_t(now()));
  reply.headers.emplace_back("x-amz-request-id", request.request_id);
  reply.headers.emplace_back("x-amz-id-2", request.host_id);
  reply.headers.emplace_back("Date", std::string(date.data(), date.size()));
  reply.headers.emplace_back("Server", "AmazonS3");
}

void FakeS3::State::record(const ServedS3Request& request, int status) {
  const std::string& target = request.http->target;
  const std::size_t question = target.find('?');
  FakeS3Log entry{.method = request.http->method,
                  .operation = request.operation,
                  .key = request.key,
                  .query = question == std::string::npos ? std::string() : target.substr(question + 1),
                  .headers = request.http->headers,
                  .status = status,
                  .request_id = request.request_id,
                  .connection = request.http->connection};
  MutexLock lock(mutex);
  ++counters.total;
  ++counters.by_operation[request.operation];
  FakeS3Second& second = this_second();
  ++second.total;
  second.refused += status == 503 ? 1 : 0;
  entry.at = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - record_began);
  log.push_back(std::move(entry));
  if (log.size() > max_log) log.pop_front();
}

FakeS3Second& FakeS3::State::this_second() {
  const auto index =
      static_cast<std::size_t>((std::chrono::steady_clock::now() - record_began) / std::chrono::seconds(1));
  counters.seconds.resize(std::max(counters.seconds.size(), index + 1));
  return counters.seconds[index];
}

/// A healthy server's reply.
ServedReply FakeS3::State::serve(const ServedS3Request& request) {
  std::vector<FakeAccount> known;
  {
    MutexLock lock(mutex);
    known = accounts;
  }
  if (!known.empty()) {
    if (const auto right = check_signature(request, known, options.region, now()); !right) {
      const bool malformed = right.error().code == "AuthorizationHeaderMalformed";
      ServedReply reply =
          problem_reply(right.error(), request, malformed ? xml_element("Region", options.region) : std::string());
      if (malformed) reply.headers.emplace_back("x-amz-bucket-region", options.region);
      return reply;
    }
  }
  return service.serve(request);
}

ServedReply FakeS3::State::answer_s3(ServedS3Request& request) {
  if (!admit()) return *refusal_of({.kind = FaultKind::slow_down}, request);
  const std::optional<Fault> fault = script.next(request);
  if (!fault) return serve(request);
  std::optional<ServedReply> refusal = refusal_of(*fault, request);
  if (refusal && fault->takes_effect) (void)serve(request);
  ServedReply reply = refusal ? std::move(*refusal) : serve(request);
  spoil(reply, *fault, request, bucket);
  return reply;
}

ServedReply FakeS3::State::answer(const ServedRequest& http) {
  if (options.before) {
    if (std::optional<ServedReply> reply = options.before(http)) return std::move(*reply);
  }
  const std::shared_ptr<const void> in_flight = Gauge::enter(gauge);
  std::optional<ServedS3Request> parsed = parse_s3_request(http, options.bucket);
  ServedS3Request request = parsed ? std::move(*parsed) : ServedS3Request{.http = &http};
  const std::uint64_t id = ++last_id;
  request.request_id = fmt::format("{:016X}", id * 0x9E3779B97F4A7C15);
  request.host_id = sha256(request.request_id).hex();
  ServedReply reply =
      parsed ? answer_s3(request)
             : problem_reply({.status = 400, .code = "InvalidURI", .message = "Couldn't parse the specified URI."},
                             request);
  stamp(reply, request);
  record(request, reply.status);
  reply.in_flight = in_flight;
  return reply;
}

FakeS3::FakeS3(FakeS3Options options) : state_(std::make_unique<State>(std::move(options))) {}
FakeS3::~FakeS3() = default;

std::string FakeS3::url() const { return state_->server.url(); }
const LoopbackHttpServer& FakeS3::http() const { return state_->server; }
FakeBucket& FakeS3::bucket() { return state_->bucket; }

void FakeS3::add_rule(FaultRule rule) { state_->script.add(std::move(rule)); }
void FakeS3::clear_rules() { state_->script.clear(); }
std::uint64_t FakeS3::faults_given() const { return state_->script.given(); }
void FakeS3::set_clock_offset(std::chrono::seconds offset) { state_->clock_offset = offset.count(); }

void FakeS3::set_throttle(std::optional<double> per_second) {
  MutexLock lock(state_->mutex);
  state_->throttle.set_rate(per_second, std::chrono::steady_clock::now());
}

void FakeS3::set_accounts(std::vector<FakeAccount> accounts) {
  MutexLock lock(state_->mutex);
  state_->accounts = std::move(accounts);
}

FakeS3Counters FakeS3::counters() const {
  MutexLock lock(state_->mutex);
  (void)state_->this_second();
  FakeS3Counters counters = state_->counters;
  lock.unlock();
  state_->gauge->read(counters);
  return counters;
}

std::vector<FakeS3Log> FakeS3::log() const {
  MutexLock lock(state_->mutex);
  return {state_->log.begin(), state_->log.end()};
}

void FakeS3::reset_record() {
  {
    MutexLock lock(state_->mutex);
    state_->counters = {};
    state_->log.clear();
    state_->record_began = std::chrono::steady_clock::now();
  }
  state_->gauge->reset();
}

}  // namespace seekfs::objectstore::s3
