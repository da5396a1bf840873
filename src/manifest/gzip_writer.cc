// Packing by zlib, whose output for one level is the same on every processor.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

#include "manifest/gzip.h"

namespace seekfs::manifest {
namespace {

constexpr int level = 6;
constexpr int gzip_window_bits = 15 + 16;
constexpr int memory_level = 8;

}  // namespace

struct GzipWriter::State {
  z_stream stream{};
  std::string packed;
  std::array<unsigned char, 65536> buffer;

  State() {
    if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~State() { deflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Runs until the input is used up, or with Z_FINISH until the end is out.
  void run(int flush) {
    do {
      stream.next_out = buffer.data();
      stream.avail_out = static_cast<unsigned>(buffer.size());
      deflate(&stream, flush);
      packed.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
};

GzipWriter::GzipWriter() : state_(std::make_unique<State>()) {}
GzipWriter::~GzipWriter() = default;

void GzipWriter::write(std::string_view text) {
  while (!text.empty()) {
    const std::size_t count = std::min<std::size_t>(text.size(), std::size_t{1} << 30U);
    // zlib's interface lacks a const; it does not write there.
    state_->stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    state_->stream.avail_in = static_cast<unsigned>(count);
    state_->run(Z_NO_FLUSH);
    text.remove_prefix(count);
  }
}

std::string GzipWriter::finish() {
  state_->stream.next_in = nullptr;
  state_->stream.avail_in = 0;
  state_->run(Z_FINISH);
  return std::move(state_->packed);
}

}  // namespace seekfs::manifest
