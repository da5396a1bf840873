// Page by page through the body.
#include "fetch/get_sink.h"

#include <iterator>

namespace seekfs::fetch {

std::span<std::byte> GetSink::prepare() {
  if (filled_ == 0) drop_unwanted_tail();
  if (current_ == jobs_.size()) return {};
  return jobs_[current_].buffer.bytes().subspan(filled_);
}

void GetSink::commit(std::size_t count) {
  filled_ += count;
  if (filled_ < jobs_[current_].buffer.size()) return;
  filled_ = 0;
  on_page_(std::move(jobs_[current_++]));
}

void GetSink::drop_unwanted_tail() {
  while (jobs_.size() > current_ && flights_.drop_if_unwanted(jobs_.back().request.key)) jobs_.pop_back();
}

std::vector<PageJob> GetSink::take_missing() {
  std::vector<PageJob> missing(std::make_move_iterator(jobs_.begin() + static_cast<std::ptrdiff_t>(current_)),
                               std::make_move_iterator(jobs_.end()));
  jobs_.clear();
  current_ = 0;
  filled_ = 0;
  return missing;
}

}  // namespace seekfs::fetch
