// What a large manifest costs: bytes a page and a file in memory, seconds to load, nanoseconds to look up.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "manifest/codec.h"
#include "manifest/compact.h"
#include "manifest/compact_builder.h"
#include "manifest/layout.h"

namespace seekfs::manifest {
namespace {

constexpr std::size_t piece_bytes = std::size_t{256} << 10U;

struct Shape {
  std::uint64_t files = 0;
  std::uint32_t pages_per_file = 0;
  bool uniform = true;
  bool packed = true;
};

FileEntry make_file(std::uint64_t number, const Shape& shape, std::mt19937_64& random) {
  FileEntry file;
  file.path = fmt::format("train/part-{:04}/sample-{:09}.tar", number % 1000, number);
  file.mtime = 1'763'700'000;
  const Sha256Digest digest = sha256(file.path);
  file.hash.hex = digest.hex();
  file.storage.key = object_key("bench", digest);
  for (std::uint32_t i = 0; i < shape.pages_per_file; ++i) {
    const auto length = static_cast<std::uint32_t>(262'144 - (shape.uniform ? 0 : random() % 1000));
    file.pages.push_back({file.size, length, static_cast<std::uint32_t>(random())});
    file.size += length;
  }
  return file;
}

std::string make_gzip(const Shape& shape) {
  std::mt19937_64 random(1);
  Manifest manifest;
  manifest.version = 1;
  for (std::uint64_t i = 0; i < shape.files; ++i) manifest.files.push_back(make_file(i, shape, random));
  return encode_manifest(manifest, {.packed_pages = shape.packed});
}

std::shared_ptr<const CompactManifest> load(std::string_view bytes) {
  CompactLoader loader("bench", 1, {});
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    if (!loader.feed(std::as_bytes(std::span(bytes.substr(at, piece_bytes))))) return nullptr;
  }
  auto manifest = loader.finish();
  return manifest ? *std::move(manifest) : nullptr;
}

Shape shape_of(const benchmark::State& state) {
  return {static_cast<std::uint64_t>(state.range(0)), static_cast<std::uint32_t>(state.range(1)), state.range(2) != 0,
          state.range(3) != 0};
}

/// Path bytes are what SPEC counts apart from a file's 100.
double path_bytes_per_file(const CompactManifest& manifest) {
  std::string path;
  manifest.path(0, path);
  return static_cast<double>(path.size());
}

void BM_Load(benchmark::State& state) {
  const Shape shape = shape_of(state);
  const std::string packed = make_gzip(shape);
  std::shared_ptr<const CompactManifest> manifest;
  for (auto _ : state) {
    manifest = nullptr;
    manifest = load(packed);
    if (manifest == nullptr) state.SkipWithError("the manifest did not load");
  }
  if (manifest == nullptr) return;
  const auto bytes = static_cast<double>(manifest->memory_bytes());
  const auto files = static_cast<double>(shape.files);
  state.counters["gzip_bytes"] = static_cast<double>(packed.size());
  state.counters["memory_bytes"] = bytes;
  state.counters["bytes_per_page"] = bytes / static_cast<double>(manifest->page_count());
  state.counters["bytes_per_file"] = bytes / files;
  state.counters["path_bytes_per_file"] = path_bytes_per_file(*manifest);
}

void BM_FindAndPage(benchmark::State& state) {
  const Shape shape = shape_of(state);
  const auto manifest = load(make_gzip(shape));
  if (manifest == nullptr) return state.SkipWithError("the manifest did not load");
  std::mt19937_64 random(2);
  std::vector<std::string> paths(4096);
  for (std::string& path : paths) manifest->path(static_cast<FileIndex>(random() % manifest->file_count()), path);
  std::size_t next = 0;
  for (auto _ : state) {
    const FileIndex file = *manifest->find(paths[next++ % paths.size()]);
    const std::uint32_t page = manifest->page_at(file, random() % manifest->size(file));
    benchmark::DoNotOptimize(manifest->page(file, page));
  }
}

/// A manifest of one page a file, straight into the compact form; kept for runs of the same size.
std::shared_ptr<const CompactManifest> grown;

std::shared_ptr<const CompactManifest> grow(std::uint64_t files) {
  if (grown != nullptr && grown->file_count() == files) return grown;
  grown = nullptr;
  const Shape shape{.files = files, .pages_per_file = 1};
  std::mt19937_64 random(1);
  CompactBuilder builder("bench");
  for (std::uint64_t i = 0; i < files; ++i) builder.add(make_file(i, shape, random));
  auto built = builder.finish({.version = 1});
  if (built) grown = *std::move(built);
  return grown;
}

/// Looked up are more paths than fit the processor's caches with what they touch.
void BM_FindByFiles(benchmark::State& state) {
  const auto manifest = grow(static_cast<std::uint64_t>(state.range(0)));
  if (manifest == nullptr) return state.SkipWithError("the manifest was refused");
  std::mt19937_64 random(2);
  std::vector<std::string> paths(65'536);
  for (std::string& path : paths) manifest->path(static_cast<FileIndex>(random() % manifest->file_count()), path);
  std::size_t next = 0;
  for (auto _ : state) {
    const FileIndex file = *manifest->find(paths[next++ % paths.size()]);
    benchmark::DoNotOptimize(manifest->page(file, 0));
  }
  state.counters["bytes_per_file"] =
      static_cast<double>(manifest->memory_bytes()) / static_cast<double>(manifest->file_count());
  state.counters["path_bytes_per_file"] = path_bytes_per_file(*manifest);
}

// Files, pages a file, whether pages are of one size, whether tables are packed.
BENCHMARK(BM_Load)
    ->Args({10'000, 1000, 1, 1})
    ->Args({10'000, 1000, 1, 0})
    ->Args({10'000, 1000, 0, 0})
    ->Args({1'000'000, 1, 1, 0})
    ->Unit(benchmark::kSecond)
    ->Iterations(1);
BENCHMARK(BM_FindByFiles)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Arg(10'000'000);
BENCHMARK(BM_FindAndPage)->Args({10'000, 1000, 1, 1})->Args({10'000, 1000, 0, 0})->Args({1'000'000, 1, 1, 0});

}  // namespace
}  // namespace seekfs::manifest

BENCHMARK_MAIN();
