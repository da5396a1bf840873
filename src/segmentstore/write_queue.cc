// Two sets under one lock: what waits, and the batch that is being written.
#include "segmentstore/write_queue.h"

#include <utility>

namespace seekfs::segmentstore {

using manifest::PageKey;

WriteQueue::Answer WriteQueue::offer(Offer offer) {
  const PageKey key = offer.page.key;
  MutexLock lock(mutex_);
  if (by_key_.contains(key)) return Answer::known;
  const auto writing = writing_.find(key);
  if (writing != writing_.end() && !writing->second.removed) return Answer::known;
  const std::uint64_t held = waiting_bytes_ + writing_bytes_;
  if (held != 0 && held + key.len > max_bytes_) return Answer::full;
  waiting_.push_back({std::move(offer), ++last_number_});
  by_key_.emplace(key, std::prev(waiting_.end()));
  waiting_bytes_ += key.len;
  pages_.fetch_add(1, std::memory_order_release);
  return Answer::taken;
}

WriteQueue::Found WriteQueue::find(const PageKey& key) const {
  if (empty()) return {};
  MutexLock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) return {.page = found->second->offer.page.page};
  const auto writing = writing_.find(key);
  if (writing == writing_.end()) return {};
  if (writing->second.removed) return {.removed = true};
  return {.page = writing->second.page};
}

void WriteQueue::remove(const PageKey& key) {
  if (empty()) return;
  Order gone;  // freed after the lock
  MutexLock lock(mutex_);
  if (const auto writing = writing_.find(key); writing != writing_.end()) writing->second.removed = true;
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  gone.splice(gone.end(), waiting_, found->second);
  by_key_.erase(found);
  account(gone);
}

void WriteQueue::account(const Order& gone) {
  for (const Waiting& one : gone) waiting_bytes_ -= one.offer.page.key.len;
  pages_.fetch_sub(gone.size(), std::memory_order_release);
  changed_.notify_all();
}

std::vector<Offer> WriteQueue::take_batch(std::uint64_t max_bytes) {
  std::vector<Offer> batch;
  MutexLock lock(mutex_);
  while (!waiting_.empty()) {
    Waiting& next = waiting_.front();
    const PageKey key = next.offer.page.key;
    if (!batch.empty() && writing_bytes_ + key.len > max_bytes) break;
    if (batch.empty()) writing_number_ = next.number;
    writing_bytes_ += key.len;
    waiting_bytes_ -= key.len;
    writing_.insert_or_assign(key, Writing{.page = next.offer.page.page});
    batch.push_back(std::move(next.offer));
    by_key_.erase(key);
    waiting_.pop_front();
  }
  return batch;
}

std::vector<PageKey> WriteQueue::removed_meanwhile() const {
  std::vector<PageKey> keys;
  MutexLock lock(mutex_);
  for (const auto& [key, writing] : writing_) {
    if (writing.removed) keys.push_back(key);
  }
  return keys;
}

void WriteQueue::finish_batch() {
  decltype(writing_) written;  // freed after the lock
  MutexLock lock(mutex_);
  written.swap(writing_);
  writing_bytes_ = 0;
  pages_.fetch_sub(written.size(), std::memory_order_release);
  changed_.notify_all();
}

std::size_t WriteQueue::drop_waiting() {
  Order gone;  // freed after the lock
  MutexLock lock(mutex_);
  gone.swap(waiting_);
  by_key_.clear();
  account(gone);
  return gone.size();
}

bool WriteQueue::has_waiting() const {
  MutexLock lock(mutex_);
  return !waiting_.empty();
}

bool WriteQueue::settled(std::uint64_t number) const {
  return (waiting_.empty() || waiting_.front().number > number) && (writing_.empty() || writing_number_ > number);
}

void WriteQueue::wait_settled() const {
  MutexLock lock(mutex_);
  const std::uint64_t last = last_number_;
  while (!settled(last)) changed_.wait(mutex_);
}

}  // namespace seekfs::segmentstore
