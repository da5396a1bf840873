// Page by page through the body.
#include "fetch/get_sink.h"

#include <algorithm>
#include <iterator>

namespace seekfs::fetch {

bool GetSink::wants_pause(const std::weak_ptr<objectstore::PausedBody>& body) {
  if (tail_ == nullptr || filled_ > 0 || ended_early_) return false;
  drop_unwanted_tail();
  if (current_ == jobs_.size()) return false;
  TailPolicy::NextPage page{.wanted = reader_waits(), .speculative = jobs_[current_].run_on};
  TailPolicy::Step step = tail_->next_page(page, body);
  if (step == TailPolicy::Step::pause && reader_waits()) {
    page.wanted = true;
    step = tail_->next_page(page, body);
  }
  if (step == TailPolicy::Step::end) end_early();
  return step == TailPolicy::Step::pause;
}

std::span<std::byte> GetSink::prepare() {
  if (filled_ == 0) drop_unwanted_tail();
  if (current_ == jobs_.size() || ended_early_) return {};
  if (!has_memory(jobs_[current_])) {
    ++current_;  // it is out of flight
    end_early();
    return {};
  }
  return jobs_[current_].buffer.bytes().subspan(filled_);
}

void GetSink::commit(std::size_t count) {
  if (progress_ != nullptr) progress_->add(count);
  filled_ += count;
  if (filled_ < jobs_[current_].buffer.size()) return;
  filled_ = 0;
  on_page_(std::move(jobs_[current_++]));
  if (tail_ != nullptr) tail_->page_done(reader_waits());
}

void GetSink::drop_unwanted_tail() {
  while (jobs_.size() > current_ && flights_.drop_if_unwanted(jobs_.back().request.key, jobs_.back().flight))
    jobs_.pop_back();
}

/// Tries until the page has memory or nobody waits for it: a reader that joins leaves its own. It may have come by
/// another GET.
bool GetSink::has_memory(PageJob& job) {
  while (!job.buffer) {
    job.buffer = flights_.take_buffer(job.request.key);
    if (job.buffer) break;
    job.buffer = allocate_(job.request.key.len);
    if (job.buffer) {
      const MutablePage left_meanwhile = flights_.has_memory(job.request.key);  // freed: it has its own
      break;
    }
    if (flights_.drop_if_nobody_waits(job.request.key, job.flight)) return false;
  }
  return true;
}

/// Of what is left, only what somebody waits for stays.
void GetSink::end_early() {
  ended_early_ = true;
  std::vector<PageJob> wanted;
  for (std::size_t i = current_; i < jobs_.size(); ++i) {
    PageJob& job = jobs_[i];
    if (!flights_.drop_if_nobody_waits(job.request.key, job.flight)) wanted.push_back(std::move(job));
  }
  jobs_ = std::move(wanted);
  current_ = 0;
}

/// Looks only at pages that readers have joined, from the back: none of them is looked at again once nobody waits for
/// it, so that a GET of many pages does not walk over all of them at each.
bool GetSink::reader_waits() {
  joined_end_ = std::min(std::max<std::size_t>(joined_end_, progress_->take_joined()), jobs_.size());
  while (joined_end_ > current_ && !flights_.waited_for(jobs_[joined_end_ - 1].request.key)) --joined_end_;
  return joined_end_ > current_;
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
