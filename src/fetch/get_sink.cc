// Page by page through the body.
#include "fetch/get_sink.h"

#include <iterator>

namespace seekfs::fetch {

std::span<std::byte> GetSink::prepare() {
  if (filled_ == 0) drop_unwanted_tail();
  if (current_ == jobs_.size() || ended_for_memory_) return {};
  if (!has_memory(jobs_[current_])) {
    end_for_memory();
    return {};
  }
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

/// Tries until the page has memory or nobody waits for it: a reader that joins leaves its own.
bool GetSink::has_memory(PageJob& job) {
  while (!job.buffer) {
    job.buffer = flights_.take_buffer(job.request.key);
    if (!job.buffer) job.buffer = allocate_(job.request.key.len);
    if (!job.buffer && flights_.drop_if_nobody_waits(job.request.key)) return false;
  }
  return true;
}

/// The current page is out of flight; of what follows, only what somebody waits for stays.
void GetSink::end_for_memory() {
  ended_for_memory_ = true;
  std::vector<PageJob> wanted;
  for (std::size_t i = current_ + 1; i < jobs_.size(); ++i) {
    if (!flights_.drop_if_nobody_waits(jobs_[i].request.key)) wanted.push_back(std::move(jobs_[i]));
  }
  jobs_ = std::move(wanted);
  current_ = 0;
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
