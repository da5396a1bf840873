// The rules of page tables in both forms.
#include "manifest/page_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/base64.h"

namespace seekfs::manifest {
namespace {

enum PageField : std::size_t { page_id_field, off_field, len_field, crc32c_field };
constexpr std::array<ObjectNode::Field, 4> page_fields = {{{"page_id"}, {"off"}, {"len"}, {"crc32c"}}};

enum PackedField : std::size_t { size_field, crcs_field };
constexpr std::array<ObjectNode::Field, 2> packed_fields = {{{"size"}, {"crc32c"}}};

std::string too_many_pages(const ReadContext& context) {
  return fmt::format("the manifest has more than {} pages ([manifest] max_pages)", context.limits.max_pages);
}

}  // namespace

PageNode::PageNode() : ObjectNode(page_fields) {}

Status PageNode::on_scalar(const Scalar& value) {
  const std::uint64_t max = field() == crc32c_field ? UINT32_MAX : UINT64_MAX;
  SEEKFS_ASSIGN(values_[field()], integer(value, max));
  return {};
}

Status PageNode::on_close() {
  SEEKFS_TRY(check_required());
  if (page_id() != index_) {
    return refuse_field(page_id_field, fmt::format("expected {}, found {}", index_, page_id()));
  }
  if (len() == 0 || len() > max_page_size) {
    return refuse_field(len_field, fmt::format("expected 1 to {}, found {}", max_page_size, len()));
  }
  if (off() > UINT64_MAX - len()) {
    return refuse_field(off_field, fmt::format("off + len passes 2^64-1: {} + {}", off(), len()));
  }
  if (off() != expected_off_) {
    return refuse_field(off_field, fmt::format("expected {}, found {}", expected_off_, off()));
  }
  return {};
}

void PageNode::append_name(std::string& out) const { fmt::format_to(std::back_inserter(out), "[{}].", index_); }

PageTableNode::PageTableNode(ReadContext& context, std::vector<Page>& pages)
    : ArrayNode("page_table", "an object"), context_(context), pages_(pages) {}

void PageTableNode::restart() noexcept {
  ArrayNode::restart();
  page_open_ = false;
}

std::uint64_t PageTableNode::end() const noexcept { return pages_.empty() ? 0 : pages_.back().off + pages_.back().len; }

void PageTableNode::take_page() {
  if (!page_open_) return;
  pages_.push_back({page_.off(), static_cast<std::uint32_t>(page_.len()), page_.crc32c()});
  page_open_ = false;
}

Result<JsonNode*> PageTableNode::on_open(JsonType bracket) {
  take_page();
  if (bracket != JsonType::object) return ArrayNode::on_open(bracket);
  if (context_.pages == context_.limits.max_pages) return refuse(too_many_pages(context_));
  if (next() > UINT32_MAX) return refuse("a file has at most 2^32 pages");
  ++context_.pages;
  page_.restart(next());
  page_.expect_at(end());
  page_open_ = true;
  advance();
  return &page_;
}

Status PageTableNode::on_close() {
  take_page();
  return {};
}

PackedPagesNode::PackedPagesNode(ReadContext& context) : ObjectNode(packed_fields), context_(context) {}

void PackedPagesNode::restart() noexcept {
  forget_members();
  crcs_.clear();
  partial_quad_.clear();
  word_ = 0;
  word_bytes_ = 0;
  padded_ = false;
}

bool PackedPagesNode::streams_string() const { return field() == crcs_field; }

Status PackedPagesNode::on_scalar(const Scalar& value) {
  if (field() == crcs_field) {
    SEEKFS_TRY(text(value));
    return end_crcs();
  }
  SEEKFS_ASSIGN(page_size_, integer(value, max_page_size));
  if (page_size_ == 0) return refuse(fmt::format("expected 1 to {}, found 0", max_page_size));
  return {};
}

Status PackedPagesNode::on_string_part(std::string_view part) {
  if (!partial_quad_.empty()) {
    const std::size_t missing = std::min(4 - partial_quad_.size(), part.size());
    partial_quad_ += part.substr(0, missing);
    part.remove_prefix(missing);
    if (partial_quad_.size() < 4) return {};
    SEEKFS_TRY(decode(partial_quad_));
    partial_quad_.clear();
  }
  const std::size_t whole = part.size() / 4 * 4;
  SEEKFS_TRY(decode(part.substr(0, whole)));
  partial_quad_ = part.substr(whole);
  return {};
}

Status PackedPagesNode::decode(std::string_view quads) {
  if (quads.empty()) return {};
  if (padded_) return refuse("base64 goes on after its padding");
  Result<std::vector<std::byte>> bytes = base64_decode(quads);
  if (!bytes) return refuse(fmt::format("is not base64: {}", bytes.error().message));
  padded_ = quads.ends_with('=');
  take_bytes(*bytes);
  if (crcs_.size() > context_.limits.max_pages - context_.pages) return refuse(too_many_pages(context_));
  return {};
}

void PackedPagesNode::take_bytes(const std::vector<std::byte>& bytes) {
  for (const std::byte byte : bytes) {
    word_ |= std::uint32_t{std::to_integer<std::uint8_t>(byte)} << (8 * word_bytes_);
    if (++word_bytes_ < 4) continue;
    crcs_.push_back(word_);
    word_ = 0;
    word_bytes_ = 0;
  }
}

Status PackedPagesNode::end_crcs() {
  if (!partial_quad_.empty()) return refuse("base64 ends in the middle of a group of 4 characters");
  if (word_bytes_ != 0) return refuse("its length is not a multiple of 4 bytes");
  if (crcs_.size() > UINT32_MAX) return refuse("a file has at most 2^32 pages");
  context_.pages += crcs_.size();
  return {};
}

Status PackedPagesNode::expand(std::uint64_t size, std::vector<Page>& pages) const {
  const std::uint64_t count = size / page_size_ + (size % page_size_ != 0 ? 1 : 0);
  if (count != crcs_.size()) {
    return fail(ErrorCode::unsupported_manifest,
                fmt::format("pages.crc32c: expected {} pages of {} bytes for size {}, found {}", count, page_size_,
                            size, crcs_.size()));
  }
  pages.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t off = i * page_size_;
    pages.push_back({off, static_cast<std::uint32_t>(std::min(page_size_, size - off)), crcs_[i]});
  }
  return {};
}

}  // namespace seekfs::manifest
