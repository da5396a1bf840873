// Names, counts and reads of segments.
#include "segmentstore/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace seekfs::segmentstore {
namespace {

constexpr std::string_view name_begin = "data-";
constexpr std::string_view name_end = ".seg";

/// Down to zero and no further.
void subtract(std::atomic<std::uint64_t>& from, std::uint64_t amount) noexcept {
  std::uint64_t now = from.load(std::memory_order_relaxed);
  while (!from.compare_exchange_weak(now, now > amount ? now - amount : 0, std::memory_order_relaxed)) {
  }
}

}  // namespace

std::string segment_file_name(SegmentNumber number) { return fmt::format("{}{:05}{}", name_begin, number, name_end); }

SegmentNumber parse_segment_file_name(std::string_view name) noexcept {
  if (!name.starts_with(name_begin) || !name.ends_with(name_end)) return 0;
  const std::string_view digits = name.substr(name_begin.size(), name.size() - name_begin.size() - name_end.size());
  SegmentNumber number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  // Only the spelling that this program writes: no second name for the same number.
  return whole && number <= max_segment_number && segment_file_name(number) == name ? number : 0;
}

Segment::Segment(SegmentIdentity identity, std::string path, std::unique_ptr<env::File> file, std::uint64_t allocated,
                 std::shared_ptr<DiskUse> use)
    : identity_(identity), path_(std::move(path)), file_(std::move(file)), use_(std::move(use)), allocated_(allocated) {
  use_->fetch_add(allocated);
}

Segment::~Segment() {
  // Closed first: a file that was removed gives its space back only then.
  file_.reset();
  use_->fetch_sub(allocated());
}

void Segment::set_allocated(std::uint64_t bytes) noexcept {
  use_->fetch_add(bytes);
  use_->fetch_sub(allocated_.exchange(bytes, std::memory_order_relaxed));
}

void Segment::seal(std::uint64_t data_end) noexcept {
  set_data_end(data_end);
  sealed_.store(true, std::memory_order_relaxed);
}

void Segment::add_live(std::uint32_t payload, TenantId tenant) noexcept {
  live_bytes_.fetch_add(record_header_size + payload, std::memory_order_relaxed);
  live_pages_.fetch_add(1, std::memory_order_relaxed);
  if (tenant == unknown_tenant) return;
  MutexLock lock(mutex_);
  add_bytes(tenants_, {tenant, record_header_size + payload});
}

void Segment::remove_live(std::uint32_t payload, TenantId tenant) noexcept {
  subtract(live_bytes_, record_header_size + payload);
  subtract(live_pages_, 1);
  if (tenant == unknown_tenant) return;
  MutexLock lock(mutex_);
  const auto found = std::ranges::find(tenants_, tenant, &TenantBytes::tenant);
  if (found != tenants_.end()) found->bytes -= std::min<std::uint64_t>(found->bytes, record_header_size + payload);
}

std::vector<TenantBytes> Segment::tenants() const {
  std::vector<TenantBytes> tenants;
  {
    MutexLock lock(mutex_);
    tenants = tenants_;
  }
  std::uint64_t known = 0;
  for (const TenantBytes& one : tenants) known += one.bytes;
  const std::uint64_t live = live_bytes();
  if (known > live) {
    const double share = static_cast<double>(live) / static_cast<double>(known);
    for (TenantBytes& one : tenants) one.bytes = static_cast<std::uint64_t>(static_cast<double>(one.bytes) * share);
  }
  return tenants;
}

void Segment::learn(const std::vector<TenantBytes>& sample) {
  wants_sample_.store(false, std::memory_order_relaxed);
  double sampled = 0;
  for (const TenantBytes& one : sample) sampled += static_cast<double>(one.bytes);
  MutexLock lock(mutex_);
  std::uint64_t known = 0;
  for (const TenantBytes& one : tenants_) known += one.bytes;
  const double unknown = static_cast<double>(live_bytes() - std::min(live_bytes(), known));
  for (const TenantBytes& one : sample) {
    if (one.tenant == unknown_tenant) continue;
    const double share = static_cast<double>(one.bytes) / sampled;
    add_bytes(tenants_, {one.tenant, static_cast<std::uint64_t>(unknown * share)});
  }
}

void Segment::set_live(std::uint64_t pages, std::uint64_t bytes) noexcept {
  live_pages_.store(pages, std::memory_order_relaxed);
  live_bytes_.store(bytes, std::memory_order_relaxed);
}

Result<bool> read_record(env::File& file, std::uint64_t offset, HeaderBytes& header, std::span<std::byte> payload) {
  const std::array<std::span<std::byte>, 2> pieces{header, payload};
  SEEKFS_ASSIGN(const std::size_t count, file.read_scatter_at(offset, pieces));
  return count == header.size() + payload.size();
}

std::optional<RecordHeader> decode_in_place(const HeaderBytes& bytes, SegmentIdentity identity, std::uint64_t offset) {
  auto header = decode(bytes);
  if (!header || header->store_id != identity.store_id) return std::nullopt;
  if (header->location != Location{identity.number, offset}) return std::nullopt;
  return header;
}

}  // namespace seekfs::segmentstore
