// Fetches what hints ask for, one window of pages for all of them, on the background reactor.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "reader/hint_cursor.h"
#include "reader/hint_metrics.h"
#include "reader/hint_record.h"
#include "reader/hints.h"
#include "reader/page_reader.h"

namespace seekfs::reader {

/// Its members belong to the background reactor, but for what is guarded: other threads call add(), look_again() and
/// stop(), which post.
class HintPrefetcher : public std::enable_shared_from_this<HintPrefetcher> {
 public:
  using Record = std::shared_ptr<HintRecord>;
  /// `on_end` is told of every record whose work is over, on the background reactor.
  HintPrefetcher(HintsParts parts, const HintsOptions& options, std::function<void(HintRecord&)> on_end);

  /// Until stop(), whereafter it touches none of its parts.
  async::Task<void> run();

  void add(Record record);
  /// A record has ended from outside: its pages that are not sent are given up.
  void look_again();
  void stop();

 private:
  static constexpr env::Duration first_backoff = std::chrono::seconds(1);
  static constexpr env::Duration longest_backoff = std::chrono::seconds(30);
  /// How many pages are looked at before others on the reactor, and hints that have come, get their turn.
  static constexpr std::size_t steps_in_a_row = 2048;

  /// A page of a hint.
  struct Place {
    std::size_t window = 0;
    FileRef file;
    std::uint32_t page_id = 0;
  };
  /// How far the search for what is resident of a hint has come.
  struct Survey {
    HintCursor cursor;
    HintSpan span;
    std::uint32_t next_in_span = 0;
    std::optional<PageReader> reader;  ///< of the span's file
    HintAmount resident;
  };
  /// How far one hint has come.
  struct Walk {
    explicit Walk(Record hint) : record(std::move(hint)), cursor(record->work.version, record->work.windows) {}

    Record record;
    HintCursor cursor;
    HintSpan span;
    std::uint32_t next_in_span = 0;
    std::optional<PageReader> reader;    ///< of the span's file
    std::deque<Place> again;             ///< the origin was away when they were asked for
    std::optional<HintCursor> counting;  ///< what is wanted, before the first page is offered
    bool counted = false;
    std::optional<Survey> survey;  ///< after the last page has arrived
    bool at_end = false;
    std::size_t on_their_way = 0;
    int pass = 1;
    std::uint64_t missing_before = 0;  ///< when the pass began
    std::uint64_t fetched_bytes = 0;
    std::uint64_t not_kept_in_a_row = 0;  ///< pages for L2 that it did not take
    HintState final_state = HintState::done;
    std::string final_detail;

    bool offers() const { return !record->ended() && (!at_end || !again.empty()); }
    bool drained() const { return on_their_way == 0 && !offers(); }
  };
  struct OnItsWay {
    Walk* walk = nullptr;
    Place place;
    fetch::PageRequest request;
    bool for_l1 = false;
    fetch::PageTicket ticket;
  };
  enum class Offer : std::uint8_t { taken, passed, no_memory };
  struct Batch {
    std::vector<fetch::PageFetcher::Wanted> pages;
    std::vector<OnItsWay> places;
    std::uint64_t bytes = 0;
  };

  void take_incoming();
  Walk* first_that_offers();
  bool window_has_room(const Batch& batch) const;
  bool fill();
  Offer offer_next(Walk& walk, Batch& batch);
  Offer offer(Walk& walk, const Place& place, fetch::PageRequest request, Batch& batch);
  bool has_room_for(Walk& walk, const manifest::PageKey& key, bool for_l1);
  static void give_up_rest(Walk& walk, HintState state, std::string detail);
  void start(Batch batch);
  void count(Walk& walk, std::size_t& steps);
  bool any_drained() const;
  void settle_drained();
  bool finish_survey(Walk& walk);
  void settle(Walk& walk, const HintAmount& resident);
  void begin_another_pass(Walk& walk, std::uint64_t missing);
  void arrived(Result<fetch::PageArrival> arrival);
  void note_page(OnItsWay& page, fetch::PageTier tier);
  void note_error(OnItsWay& page, const Error& error);
  void check_kept(OnItsWay& page);
  void pause(std::string_view why, std::optional<env::Duration> at_least);
  void end(Walk& walk, HintState state, std::string detail);
  bool is_resident(const fetch::PageRequest& request) const;
  bool in_l2(const fetch::PageRequest& request) const;
  async::Task<void> give_way();
  async::Task<void> sleep();
  void wake();

  HintsParts parts_;
  const HintsOptions options_;
  const std::uint64_t window_bytes_;
  HintMetrics metrics_;
  const std::function<void(HintRecord&)> on_end_;

  std::vector<std::unique_ptr<Walk>> walks_;
  std::deque<OnItsWay> window_;
  std::uint64_t on_their_way_bytes_ = 0;
  bool stopping_ = false;
  bool no_memory_ = false;
  bool probing_ = false;  ///< after a pause: one page at a time until one arrives
  env::TimePoint paused_until_ = env::TimePoint::min();
  env::Duration backoff_ = first_backoff;
  bool woken_ = false;
  std::optional<async::Promise<void>> sleeping_;

  Mutex mutex_;
  std::vector<Record> incoming_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::reader
