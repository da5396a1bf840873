// Pauses the tails of GETs while readers wait for the bytes of others, and lets them go on: TailPolicy with the
// transfers, the threads and the clock around it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/timers.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "fetch/tail_policy.h"
#include "objectstore/object_store.h"

namespace seekfs::fetch {

/// Thread-safe. Measures seekfs_origin_paused_transfers, seekfs_origin_pauses_total, seekfs_origin_raises_total and
/// seekfs_origin_tails_ended_total. Made by std::make_shared: its timer holds it weakly.
class TailControl : public std::enable_shared_from_this<TailControl> {
 public:
  /// Both outlive its last function that runs.
  TailControl(TailLimits limits, async::Timers& timers, MetricsRegistry& metrics);
  ~TailControl();
  TailControl(const TailControl&) = delete;
  TailControl& operator=(const TailControl&) = delete;

  /// One GET, from before it is sent until it has ended. Belongs to the GET; its calls come from one thread at a time.
  class Get {
   public:
    ~Get() { control_->end(id_); }
    Get(const Get&) = delete;
    Get& operator=(const Get&) = delete;

    /// As TailPolicy.
    void page_done(bool wanted) { control_->page_done(id_, wanted); }
    /// For joined().
    TailPolicy::Id id() const noexcept { return id_; }
    /// As TailPolicy. After `pause`, `body` is resumed when the GET is to ask again. Whoever gets `pause` looks once
    /// more whether a reader waits: one that joined a page before this call raised nobody.
    TailPolicy::Step next_page(TailPolicy::NextPage page, const std::weak_ptr<objectstore::PausedBody>& body) {
      return control_->next_page(id_, page, body);
    }

   private:
    friend class TailControl;
    Get(std::shared_ptr<TailControl> control, TailPolicy::Id id) : control_(std::move(control)), id_(id) {}

    const std::shared_ptr<TailControl> control_;
    const TailPolicy::Id id_;
  };
  std::unique_ptr<Get> begin(std::uint64_t object, bool wanted);

  /// A reader has joined a page of this GET, which may have ended: if it is paused, it goes on at once. Takes no lock
  /// while none is paused.
  void joined(TailPolicy::Id id);
  /// As TailPolicy.
  void permit_wanted();
  void permit_granted();
  void close();

 private:
  using Bodies = std::vector<std::weak_ptr<objectstore::PausedBody>>;

  void end(TailPolicy::Id id);
  void page_done(TailPolicy::Id id, bool wanted);
  TailPolicy::Step next_page(TailPolicy::Id id, TailPolicy::NextPage page,
                             const std::weak_ptr<objectstore::PausedBody>& body);
  void look_again();
  void forget_pause(TailPolicy::Id id) SEEKFS_REQUIRES(mutex_);
  Bodies take_due() SEEKFS_REQUIRES(mutex_);
  void ring_at(env::TimePoint when) SEEKFS_REQUIRES(mutex_);
  static void resume(const Bodies& bodies);

  async::Timers& timers_;
  Gauge& paused_transfers_;
  Counter& pauses_;
  Counter& raises_;
  Counter& ended_;
  std::atomic<std::size_t> paused_count_ = 0;

  Mutex mutex_;  ///< before the timers' and a transfer's inbox
  TailPolicy policy_ SEEKFS_GUARDED_BY(mutex_);
  std::unordered_map<TailPolicy::Id, std::weak_ptr<objectstore::PausedBody>> paused_ SEEKFS_GUARDED_BY(mutex_);
  async::Timers::Id timer_ SEEKFS_GUARDED_BY(mutex_) = 0;
  env::TimePoint rings_at_ SEEKFS_GUARDED_BY(mutex_) = env::TimePoint::max();
};

}  // namespace seekfs::fetch
