// Unpacking by ISA-L's igzip, which is twice as fast as zlib.
#include <fmt/format.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <vector>

#include "manifest/gzip.h"

namespace seekfs::manifest {
namespace {

constexpr std::size_t output_bytes = std::size_t{256} << 10U;
constexpr std::byte first_magic{0x1F};

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("gzip: {}", what));
}

std::string_view describe_failure(int code) {
  switch (code) {
    case ISAL_INCORRECT_CHECKSUM: return "checksum or length differs";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD: return "not a gzip header";
    default: return "damaged data";
  }
}

}  // namespace

struct GzipReader::State {
  inflate_state inflate{};
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(output_bytes);
  std::uint64_t max_ratio = 0;
  Output output;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  bool in_member = false;
};

GzipReader::GzipReader(std::uint64_t max_ratio, Output output) : state_(std::make_unique<State>()) {
  state_->max_ratio = max_ratio;
  state_->output = std::move(output);
}

GzipReader::~GzipReader() = default;

void GzipReader::begin_member() {
  std::uint8_t* const next = state_->inflate.next_in;
  const std::uint32_t available = state_->inflate.avail_in;
  isal_inflate_init(&state_->inflate);
  state_->inflate.crc_flag = ISAL_GZIP;
  state_->inflate.next_in = next;
  state_->inflate.avail_in = available;
  state_->in_member = true;
}

Status GzipReader::check_ratio(std::uint64_t slack) const {
  if (state_->bytes_out <= slack || (state_->bytes_out - slack) / state_->max_ratio <= state_->bytes_in) return {};
  return fail(ErrorCode::unsupported_manifest,
              fmt::format("gzip: more than {} bytes out for a byte in ([manifest] max_gzip_ratio)", state_->max_ratio));
}

Status GzipReader::inflate_once() {
  inflate_state& inflate = state_->inflate;
  inflate.next_out = state_->buffer.data();
  inflate.avail_out = static_cast<std::uint32_t>(state_->buffer.size());
  const std::uint32_t before = inflate.avail_in;
  const int code = isal_inflate(&inflate);
  if (code < 0 || code == ISAL_NEED_DICT) return damaged(describe_failure(code));
  const std::size_t produced = state_->buffer.size() - inflate.avail_out;
  state_->bytes_in += before - inflate.avail_in;
  state_->bytes_out += produced;
  // What the decoder has taken in but not yet put out, and the other way round, must not decide.
  SEEKFS_TRY(check_ratio(output_bytes));
  if (produced != 0) SEEKFS_TRY(state_->output(std::as_bytes(std::span(state_->buffer).first(produced))));
  if (inflate.block_state == ISAL_BLOCK_FINISH) state_->in_member = false;
  return {};
}

Status GzipReader::feed(std::span<const std::byte> piece) {
  inflate_state& inflate = state_->inflate;
  while (!piece.empty()) {
    const std::size_t count = std::min<std::size_t>(piece.size(), std::size_t{1} << 30U);
    // The library's interface lacks a const; it does not write there.
    inflate.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(piece.data()));
    inflate.avail_in = static_cast<std::uint32_t>(count);
    piece = piece.subspan(count);
    do {
      if (!state_->in_member) {
        if (std::byte{*inflate.next_in} != first_magic) return damaged("other bytes follow the end");
        begin_member();
      }
      SEEKFS_TRY(inflate_once());
    } while (inflate.avail_in != 0 || (state_->in_member && inflate.avail_out == 0));
  }
  return {};
}

Status GzipReader::finish() {
  if (state_->in_member) return damaged("ends early");
  if (state_->bytes_in == 0) return damaged("is empty");
  return check_ratio(0);
}

}  // namespace seekfs::manifest
