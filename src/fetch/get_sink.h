// Takes the body of one GET apart into its pages, and hands each over as soon as its last byte is there.
#pragma once

#include <functional>
#include <vector>

#include "fetch/fetch_queue.h"
#include "fetch/flight_table.h"

namespace seekfs::fetch {

/// A page that nobody waits for any more at the end of the GET is given up before it is received; the page that is
/// being received is always finished. Used by one thread at a time, as BodySink says.
class GetSink final : public objectstore::BodySink {
 public:
  /// Called on the store's thread with each page whose bytes are complete, not yet verified.
  using OnPage = std::function<void(PageJob)>;

  GetSink(std::vector<PageJob> jobs, FlightTable& flights, OnPage on_page)
      : jobs_(std::move(jobs)), flights_(flights), on_page_(std::move(on_page)) {}

  std::span<std::byte> prepare() override;
  void commit(std::size_t count) override;

  /// The pages that did not arrive; after the GET has ended.
  std::vector<PageJob> take_missing();

 private:
  void drop_unwanted_tail();

  std::vector<PageJob> jobs_;
  std::size_t current_ = 0;
  std::size_t filled_ = 0;
  FlightTable& flights_;
  OnPage on_page_;
};

}  // namespace seekfs::fetch
