// The provider: asks the sources in their order on a pool's thread, one round at a time, and keeps what they gave.
#include "objectstore/s3/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>
#include <utility>

#include "async/promise.h"
#include "async/running_tasks.h"
#include "async/thread_pool.h"
#include "base/mutex.h"
#include "objectstore/s3/credentials_pause.h"
#include "objectstore/s3/credentials_source.h"

namespace seekfs::objectstore::s3 {
namespace {

using WallTime = std::chrono::system_clock::time_point;

/// New ones are asked for so long before the old ones expire; nobody waits for that.
constexpr std::chrono::minutes renew_before(5);
/// So close to the end a request waits for new ones: the old could expire on their way.
constexpr std::chrono::minutes too_close(1);
/// Between two rounds while there are credentials that still hold.
constexpr std::chrono::seconds pause_between_rounds(30);
constexpr std::chrono::seconds round_limit(60);

bool same(const Credentials& one, const Credentials& other) {
  return one.access_key_id == other.access_key_id && one.secret_access_key == other.secret_access_key &&
         one.session_token == other.session_token;
}

class AnonymousProvider final : public CredentialsProvider {
 public:
  async::Task<CredentialsRef> get(env::TimePoint) override { co_return CredentialsRef(); }
  bool refresh(const CredentialsRef&) override { return false; }
  std::string source() const override { return "anonymous"; }
};

class ChainProvider final : public CredentialsProvider {
 public:
  ChainProvider(const CredentialsOptions& options, CredentialsParts parts)
      : parts_(parts), sources_(make_credentials_sources(options)) {}
  ~ChainProvider() override {
    stop_.request_stop();
    rounds_.close();
    rounds_.wait_for_none();
  }

  async::Task<CredentialsRef> get(env::TimePoint deadline) override;
  bool refresh(const CredentialsRef& refused) override;
  std::string source() const override;

 private:
  using Waiter = async::Promise<CredentialsRef>;

  bool holds(std::chrono::seconds for_at_least) const SEEKFS_REQUIRES(mutex_);
  bool should_renew() const SEEKFS_REQUIRES(mutex_);
  void begin_round() SEEKFS_REQUIRES(mutex_);
  void run_round();
  Result<SourceReply> ask_sources();
  Result<SourceReply> ask(CredentialsSource& source, const FetchContext& context) const;
  void end_round(Result<SourceReply> reply);

  const CredentialsParts parts_;
  const std::vector<std::unique_ptr<CredentialsSource>> sources_;  ///< used by one round at a time
  std::stop_source stop_;
  async::RunningTasks rounds_;

  mutable Mutex mutex_;
  SourceReply current_ SEEKFS_GUARDED_BY(mutex_);
  CredentialsSource* chosen_ SEEKFS_GUARDED_BY(mutex_) = nullptr;  ///< the first that gave any
  bool refused_ SEEKFS_GUARDED_BY(mutex_) = false;                 ///< the store does not take the current ones
  bool asking_ SEEKFS_GUARDED_BY(mutex_) = false;
  bool warned_ SEEKFS_GUARDED_BY(mutex_) = false;
  env::TimePoint not_before_ SEEKFS_GUARDED_BY(mutex_);     ///< of a round that nobody waits for
  CredentialsPause pause_ SEEKFS_GUARDED_BY(mutex_);        ///< of rounds, while there are none that the store takes
  std::optional<Error> failure_ SEEKFS_GUARDED_BY(mutex_);  ///< of the last round; what the pause answers with
  std::vector<Waiter> waiting_ SEEKFS_GUARDED_BY(mutex_);
};

bool ChainProvider::holds(std::chrono::seconds for_at_least) const {
  if (!current_.credentials || refused_) return false;
  const auto& expiration = current_.credentials->expiration;
  return !expiration || *expiration - parts_.timers.clock().wall_now() > for_at_least;
}

bool ChainProvider::should_renew() const { return !holds(renew_before) && parts_.timers.clock().now() >= not_before_; }

async::Task<CredentialsRef> ChainProvider::get(env::TimePoint deadline) {
  const Waiter waiter;
  {
    MutexLock lock(mutex_);
    const bool renew = should_renew();
    // While a renewal fails, those at hand are given to their very end.
    const bool usable = holds(too_close) || (!renew && holds(std::chrono::seconds(0)));
    if (!asking_ && failure_ && !holds(std::chrono::seconds(0)) && pause_.holds(parts_.timers.clock().now())) {
      co_return std::unexpected(*failure_);
    }
    if (renew || !usable) begin_round();
    if (usable) co_return current_.credentials;
    waiting_.push_back(waiter);
  }
  Result<CredentialsRef> answer = co_await waiter.wait_until(parts_.timers, deadline, "the wait for credentials");
  if (!answer && answer.error().code == ErrorCode::timeout) {
    // A service that is slow to fail is no reason to refuse a request that could still be signed.
    MutexLock lock(mutex_);
    if (holds(std::chrono::seconds(0))) co_return current_.credentials;
  }
  co_return answer;
}

void ChainProvider::begin_round() {
  if (asking_ || !rounds_.begin()) return;
  asking_ = true;
  parts_.pool.post([this] { run_round(); });
}

bool ChainProvider::refresh(const CredentialsRef& refused) {
  MutexLock lock(mutex_);
  if (!refused || !current_.credentials) return false;
  // Late news about others than those at hand.
  if (!same(*current_.credentials, *refused)) return true;
  if (!current_.renewable) return false;
  if (!pause_.holds(parts_.timers.clock().now())) refused_ = true;
  return refused_;
}

std::string ChainProvider::source() const {
  MutexLock lock(mutex_);
  if (current_.credentials) return current_.source;
  std::string names;
  for (const auto& source : sources_) names += (names.empty() ? "" : ", then ") + source->name();
  return names;
}

void ChainProvider::run_round() {
  end_round(ask_sources());
  rounds_.end();
}

/// Expired ones are as good as none, and a request signed with them would only blame the store.
Result<SourceReply> ChainProvider::ask(CredentialsSource& source, const FetchContext& context) const {
  SEEKFS_ASSIGN(SourceReply reply, source.fetch(context));
  if (!reply.credentials || !reply.credentials->expiration) return reply;
  const auto age = parts_.timers.clock().wall_now() - *reply.credentials->expiration;
  if (age < std::chrono::seconds(0)) return reply;
  return fail(ErrorCode::denied,
              fmt::format("{} gives credentials that expired {} s ago; renew them there, and look at this machine's "
                          "clock",
                          reply.source, std::chrono::floor<std::chrono::seconds>(age).count()));
}

/// The source that gave credentials once is the only one from then on: another's would be somebody else.
Result<SourceReply> ChainProvider::ask_sources() {
  CredentialsSource* only = nullptr;
  {
    MutexLock lock(mutex_);
    only = chosen_;
  }
  const FetchContext context{parts_, parts_.timers.clock().now() + round_limit, stop_.get_token()};
  std::string tried;
  for (const auto& source : sources_) {
    if (only != nullptr && source.get() != only) continue;
    SEEKFS_ASSIGN(SourceReply reply, ask(*source, context));
    if (reply.credentials) {
      MutexLock lock(mutex_);
      chosen_ = source.get();
      return reply;
    }
    tried += fmt::format("{}{} ({})", tried.empty() ? "" : ", ", source->name(), reply.absent);
  }
  return fail(ErrorCode::denied,
              fmt::format("no credentials for the object store; tried: {}. Set AWS_ACCESS_KEY_ID and "
                          "AWS_SECRET_ACCESS_KEY, a profile, or [s3] anonymous = true for a public bucket",
                          tried));
}

void ChainProvider::end_round(Result<SourceReply> reply) {
  std::vector<Waiter> waiting;
  Result<CredentialsRef> answer = CredentialsRef();
  {
    MutexLock lock(mutex_);
    asking_ = false;
    waiting.swap(waiting_);
    // After a success, too: a source whose credentials are always about to expire is not asked all the time.
    const env::TimePoint now = parts_.timers.clock().now();
    not_before_ = now + pause_between_rounds;
    failure_.reset();
    if (reply) {
      // Refused by the store and given again: the source has no others yet, and every request would ask it for some.
      if (refused_ && same(*current_.credentials, *reply->credentials)) {
        pause_.failed(now, parts_.random.next());
      } else {
        pause_.succeeded();
      }
      current_ = *reply;
      refused_ = false;
      warned_ = false;
      answer = current_.credentials;
    } else {
      failure_ = reply.error();
      pause_.failed(now, parts_.random.next());
      answer = holds(std::chrono::seconds(0)) ? Result<CredentialsRef>(current_.credentials)
                                              : Result<CredentialsRef>(std::unexpected(reply.error()));
    }
    if (!reply && answer && !std::exchange(warned_, true)) {
      parts_.log.warning("credentials could not be renewed; those at hand are used until they expire",
                         {{"source", current_.source}, {"reason", reply.error().message}});
    }
  }
  for (const Waiter& waiter : waiting) waiter.set(answer);
}

}  // namespace

std::string variable(const CredentialsOptions& options, std::string_view name) {
  const auto found = std::ranges::find(options.environment, name, &std::pair<std::string, std::string>::first);
  return found == options.environment.end() ? std::string() : found->second;
}

std::vector<std::unique_ptr<CredentialsSource>> make_credentials_sources(const CredentialsOptions& options) {
  std::vector<std::unique_ptr<CredentialsSource>> sources;
  if (!options.access_key_id.empty()) {
    sources.push_back(make_static_source(options));
    return sources;
  }
  if (!options.profile.empty()) {
    sources.push_back(make_profile_source(options));
    return sources;
  }
  sources.push_back(make_environment_source(options));
  sources.push_back(make_profile_source(options));
  sources.push_back(make_web_identity_source(options));
  sources.push_back(make_container_source(options));
  sources.push_back(make_imds_source(options));
  return sources;
}

std::unique_ptr<CredentialsProvider> make_credentials_provider(CredentialsOptions options, CredentialsParts parts) {
  if (options.anonymous) return std::make_unique<AnonymousProvider>();
  return std::make_unique<ChainProvider>(options, parts);
}

}  // namespace seekfs::objectstore::s3
