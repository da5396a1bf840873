// The machine's clock and the one that tests move by hand.
#include "env/clock.h"

#include "env/alarm_queue.h"

namespace seekfs::env {
namespace {

class SystemClock final : public Clock {
 public:
  ~SystemClock() override { queue_->stop(); }
  // Not through the queue: asking for the time takes no lock.
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point wall_now() const override { return std::chrono::system_clock::now(); }
  std::unique_ptr<Alarm> make_alarm(std::function<void()> ring) override { return queue_->make_alarm(std::move(ring)); }

 private:
  std::shared_ptr<AlarmQueue> queue_ = std::make_shared<AlarmQueue>();
};

/// Where every manual clock starts: far from zero, so that subtracting a timeout does not wrap, and always the same.
constexpr TimePoint manual_start{std::chrono::hours(1000)};
constexpr std::chrono::system_clock::time_point manual_wall_start{std::chrono::seconds(1'700'000'000)};

}  // namespace

std::unique_ptr<Clock> make_system_clock() { return std::make_unique<SystemClock>(); }

struct ManualClock::State {
  std::shared_ptr<AlarmQueue> queue = std::make_shared<AlarmQueue>(manual_start);
};

ManualClock::ManualClock() : state_(std::make_shared<State>()) {}
ManualClock::~ManualClock() { state_->queue->stop(); }
TimePoint ManualClock::now() const { return state_->queue->now(); }
std::chrono::system_clock::time_point ManualClock::wall_now() const {
  return manual_wall_start + std::chrono::duration_cast<std::chrono::system_clock::duration>(now() - manual_start);
}
std::unique_ptr<Alarm> ManualClock::make_alarm(std::function<void()> ring) {
  return state_->queue->make_alarm(std::move(ring));
}
void ManualClock::advance(Duration by) { state_->queue->advance(by); }

}  // namespace seekfs::env
