// The writer's loop. Each step looks at what there is to do; the thread sleeps only when there was nothing.
#include "segmentstore/disk_writer.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t batch_bytes = 8U << 20U;
constexpr std::uint64_t upkeep_bytes = 4U << 20U;
/// While pages wait, tidying gets one step after so many batches: less would let writing overtake eviction, and then
/// appends must evict in haste.
constexpr std::uint32_t batches_per_upkeep = 4;

/// What only a person can mend, so that a daemon should not start with it.
bool is_for_a_person(const Error& error) {
  return error.code == ErrorCode::denied || error.code == ErrorCode::conflict || error.code == ErrorCode::invalid;
}

}  // namespace

DiskWriter::DiskWriter(DiskShared& shared, StoreOpener opener)
    : shared_(shared),
      opener_(std::move(opener)),
      mount_guard_(shared.path()),
      pace_(shared.options.upkeep_bytes_per_second, shared.now()),
      thread_([this] { main(); }) {}

DiskWriter::~DiskWriter() {
  begin_stop();
  thread_.join();
}

Status DiskWriter::wait_until_opened() {
  MutexLock lock(mutex_);
  while (!first_open_) changed_.wait(mutex_);
  return *first_open_;
}

void DiskWriter::begin_stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  shared_.wake->ring();
}

bool DiskWriter::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

void DiskWriter::add(Command command) {
  {
    MutexLock lock(mutex_);
    if (!done_) {
      commands_.push_back(std::move(command));
      command = nullptr;
    }
  }
  if (command) {
    std::ignore = command(fail(ErrorCode::cancelled, shared_.path() + " is being closed"));
  } else {
    shared_.wake->ring();
  }
}

void DiskWriter::main() {
  pthread_setname_np(pthread_self(), "l2-write");
  const Status opened = open_store();
  if (!opened) {
    shared_.health.open_failed(opened.error(), shared_.now());
    shared_.parts.log.error("a cache disk can't be used",
                            {{"directory", shared_.path()}, {"reason", opened.error().message}});
  }
  {
    MutexLock lock(mutex_);
    const bool usable = opened || !is_for_a_person(opened.error());
    first_open_ = usable ? Status() : opened;
    changed_.notify_all();
  }
  while (!stopping()) {
    // The memory of an index and its files are given back here, not by the reader who was the last to hold them.
    if (shared_.slot->take_retired()) continue;
    if (run_command()) continue;
    if (shared_.health.up()) {
      work_while_up();
    } else {
      work_while_off();
    }
  }
  finish();
}

void DiskWriter::work_while_up() {
  if (shared_.pages_removed.exchange(false)) note_change(0);
  const bool appended = append_batch();
  bool stepped = false;
  if (!shared_.queue.has_waiting() || ++batches_since_upkeep_ >= batches_per_upkeep) {
    batches_since_upkeep_ = 0;
    stepped = upkeep_step();
  }
  checkpoint_when_due();
  if (!appended && !stepped) wait_until_event(next_event());
}

void DiskWriter::work_while_off() {
  shared_.metrics.dropped(Drop::down, shared_.queue.drop_waiting());
  // A read that the kernel has not answered still holds the old store: its return rings.
  const env::TimePoint when = shared_.slot->vacant() ? shared_.health.retry_at() : env::TimePoint::max();
  if (when > shared_.now()) return wait_until_event(when);
  try_again();
}

void DiskWriter::wait_until_event(env::TimePoint when) {
  if (when == env::TimePoint::max()) return shared_.wake->wait();
  const auto id = shared_.parts.timers.schedule(when, [wake = shared_.wake] { wake->ring(); });
  shared_.wake->wait();
  shared_.parts.timers.cancel(id);
}

env::TimePoint DiskWriter::next_event() const {
  env::TimePoint next = env::TimePoint::max();
  if (upkeep_wanted_) next = std::min(next, pace_.next());
  if (unsaved_) next = std::min(next, unsaved_since_ + shared_.options.checkpoint_interval);
  return next;
}

Status DiskWriter::open_store() {
  SEEKFS_TRY(mount_guard_.check(shared_.parts.files));
  SEEKFS_ASSIGN(auto store,
                opener_({shared_.parts.files, shared_.parts.random, shared_.parts.log}, shared_.store_options));
  SEEKFS_TRY(shared_.legacy.scan());
  mount_guard_.remember(shared_.parts.files);
  shared_.slot->fill(std::move(store));
  shared_.health.opened(shared_.now());
  shared_.metrics.set_up(true);
  upkeep_wanted_ = true;
  unsaved_ = false;
  unsaved_bytes_ = 0;
  segments_seen_.reset();
  evicted_seen_ = 0;
  return {};
}

void DiskWriter::try_again() {
  const Status opened = open_store();
  if (opened) {
    shared_.parts.log.info("a cache disk is in use again", {{"directory", shared_.path()}});
    return;
  }
  shared_.health.open_failed(opened.error(), shared_.now());
  shared_.parts.log.warning("a cache disk still can't be used",
                            {{"directory", shared_.path()}, {"reason", opened.error().message}});
}

bool DiskWriter::run_command() {
  Command command;
  {
    MutexLock lock(mutex_);
    if (commands_.empty()) return false;
    command = std::move(commands_.front());
    commands_.pop_front();
  }
  const std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store) {
    std::ignore = command(std::unexpected(shared_.off_error()));
    return true;
  }
  const Status status = command(store.get());
  if (!status && status.error().code != ErrorCode::cancelled) shared_.report(DiskOp::upkeep, status.error());
  note_change(0);
  return true;
}

bool DiskWriter::append_batch() {
  const std::vector<Offer> batch = shared_.queue.take_batch(batch_bytes);
  if (batch.empty()) return false;
  const std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store) {
    shared_.metrics.dropped(Drop::down, batch.size());
    shared_.queue.finish_batch();
    return true;
  }
  make_room_of_legacy_pages(*store);
  std::vector<NewPage> pages;
  pages.reserve(batch.size());
  std::uint64_t bytes = 0;
  for (const Offer& offer : batch) {
    pages.push_back(offer.page);
    bytes += offer.page.key.len;
  }
  const Status appended = store->append(pages);
  note_change(bytes);
  batch_is_in(*store, batch, appended.has_value());
  shared_.queue.finish_batch();
  if (appended) {
    shared_.health.succeeded(DiskOp::append);
  } else {
    shared_.report(DiskOp::append, appended.error());
  }
  return true;
}

/// Pages of the older layout that nobody reads would take their space for ever. They go, in no order, when room gets
/// scarce, and twice as much as the store had to evict of its own. Looked at once a segment, since the store measures
/// what is not its own when it begins one.
void DiskWriter::make_room_of_legacy_pages(SegmentStore& store) {
  if (shared_.legacy.size() == 0) return;
  const StoreStats stats = store.stats();
  const std::uint64_t begun = stats.segments + stats.evicted_segments;
  if (segments_seen_ == begun) return;
  segments_seen_ = begun;
  const StoreOptions& options = shared_.store_options;
  const std::uint64_t segment = std::min(options.segment_size, options.capacity / 16);
  std::uint64_t wanted = 2 * segment * (stats.evicted_segments - std::exchange(evicted_seen_, stats.evicted_segments));
  const std::uint64_t needed = stats.disk_bytes + 2 * segment;
  if (needed > options.capacity) wanted = std::max(wanted, needed - options.capacity);
  if (wanted > 0) shared_.legacy.remove_some(wanted);
}

void DiskWriter::batch_is_in(SegmentStore& store, const std::vector<Offer>& batch, bool whole) {
  std::uint64_t lost = 0;
  for (const Offer& offer : batch) {
    const bool in = store.may_contain(offer.page.key);
    if (!in && !whole) ++lost;
    if (in && offer.legacy_file) shared_.legacy.remove(*offer.legacy_file);
  }
  shared_.metrics.dropped(Drop::failed, lost);
  for (const manifest::PageKey& key : shared_.queue.removed_meanwhile()) store.remove(key);
}

bool DiskWriter::upkeep_step() {
  if (!upkeep_wanted_ || !pace_.may_step(shared_.now())) return false;
  const std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store) return false;
  const env::TimePoint began = shared_.now();
  const Result<SegmentStore::Upkeep> step = store->upkeep(upkeep_bytes);
  pace_.stepped(step ? step->moved_bytes : upkeep_bytes, began);
  if (!step) {
    shared_.report(DiskOp::upkeep, step.error());
    return true;
  }
  shared_.health.succeeded(DiskOp::upkeep);
  if (step->moved_bytes > 0) note_change(step->moved_bytes);
  upkeep_wanted_ = step->more;
  return true;
}

void DiskWriter::note_change(std::uint64_t bytes) {
  if (!unsaved_) unsaved_since_ = shared_.now();
  unsaved_ = true;
  unsaved_bytes_ += bytes;
  upkeep_wanted_ = true;
}

void DiskWriter::checkpoint_when_due() {
  if (!unsaved_) return;
  const bool by_time = shared_.now() >= unsaved_since_ + shared_.options.checkpoint_interval;
  if (!by_time && unsaved_bytes_ < shared_.options.checkpoint_bytes) return;
  const std::shared_ptr<SegmentStore> store = shared_.slot->get();
  if (!store) return;
  const Status saved = store->checkpoint();
  unsaved_bytes_ = 0;
  if (saved) {
    unsaved_ = false;
    shared_.health.succeeded(DiskOp::checkpoint);
  } else {
    unsaved_since_ = shared_.now();
    shared_.report(DiskOp::checkpoint, saved.error());
  }
}

void DiskWriter::finish() {
  while (shared_.health.up() && append_batch()) {
  }
  std::deque<Command> commands;
  {
    MutexLock lock(mutex_);
    done_ = true;
    commands.swap(commands_);
  }
  for (Command& command : commands) {
    std::ignore = command(fail(ErrorCode::cancelled, shared_.path() + " is being closed"));
  }
  if (const std::shared_ptr<SegmentStore> store = shared_.slot->get()) {
    if (const Status closed = store->close(); !closed) {
      shared_.parts.log.warning("a cache disk was not closed as it should; its next start takes longer",
                                {{"directory", shared_.path()}, {"reason", closed.error().message}});
    }
  }
  shared_.slot->empty();
  // Reads that the kernel has not answered yet hold the store; there is no way to take it from them.
  while (!shared_.slot->take_retired() && !shared_.slot->vacant()) shared_.wake->wait();
  shared_.metrics.dropped(Drop::down, shared_.queue.drop_waiting());
}

}  // namespace seekfs::segmentstore
