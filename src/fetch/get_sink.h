// Takes the body of one GET apart into its pages, and hands each over as soon as its last byte is there.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "fetch/fetch_queue.h"
#include "fetch/flight_table.h"
#include "fetch/tail_control.h"

namespace seekfs::fetch {

/// A page that nobody waits for any more at the end of the GET is given up before it is received; the page that is
/// being received is always finished. A page that came without memory gets it when its bytes come; where there is none,
/// the GET ends. Between two pages it may yield to readers elsewhere: TailPolicy. Used by one thread at a time, as
/// BodySink says.
class GetSink final : public objectstore::BodySink {
 public:
  /// Called on the store's thread with each page whose bytes are complete, not yet verified.
  using OnPage = std::function<void(PageJob)>;

  /// Memory for a page of this length; empty when it can't be had at once.
  using Allocate = std::function<MutablePage(std::uint32_t)>;

  /// `tail` is this GET's; null: it never yields. With one, all pages are aboard `progress` (FlightTable::board()),
  /// each by its index in `jobs`. References outlive it.
  GetSink(std::vector<PageJob> jobs, FlightTable& flights, OnPage on_page, Allocate allocate, TailControl::Get* tail,
          std::shared_ptr<GetProgress> progress = nullptr)
      : jobs_(std::move(jobs)),
        flights_(flights),
        on_page_(std::move(on_page)),
        allocate_(std::move(allocate)),
        tail_(tail),
        progress_(std::move(progress)) {}

  bool wants_pause(const std::weak_ptr<objectstore::PausedBody>& body) override;
  std::span<std::byte> prepare() override;
  void commit(std::size_t count) override;

  /// The pages that did not arrive; after the GET has ended.
  std::vector<PageJob> take_missing();
  /// Whether it wanted no more for want of memory, or to let a reader's GET be sent: the missing pages, which somebody
  /// waits for and has left memory for, are to be asked for anew.
  bool ended_early() const noexcept { return ended_early_; }

 private:
  void drop_unwanted_tail();
  bool has_memory(PageJob& job);
  void end_early();
  bool reader_waits();

  std::vector<PageJob> jobs_;
  std::size_t current_ = 0;
  std::size_t filled_ = 0;
  std::size_t joined_end_ = 0;  ///< no reader waits for a page from here on
  FlightTable& flights_;
  OnPage on_page_;
  Allocate allocate_;
  TailControl::Get* tail_;
  std::shared_ptr<GetProgress> progress_;  ///< null only without `tail`
  bool ended_early_ = false;
};

}  // namespace seekfs::fetch
