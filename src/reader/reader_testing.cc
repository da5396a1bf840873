// Wiring of the test node, as the daemon wires itself.
#include "reader/reader_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/sha256.h"
#include "manifest/codec.h"
#include "manifest/layout.h"

namespace seekfs::reader {

TestNode::TestNode(TestNodeOptions given)
    : options(std::move(given)),
      own_store(options.store == nullptr ? objectstore::make_mem_store(clock) : nullptr),
      base_store(options.store == nullptr ? *own_store : *options.store),
      store(objectstore::make_faulty_store(
          base_store, [this](objectstore::StoreOp op, const std::string& key) { return on_operation(op, key); })),
      gate(options.gate, timers, metrics),
      budgeted(objectstore::make_budgeted_store(*store, gate)),
      memory(options.memory_bytes, timers),
      l1(options.l1_bytes, memory),
      l2(options.make_l2         ? options.make_l2()
         : options.l2_bytes == 0 ? l2::make_none()
                                 : l2::make_mem(options.l2_bytes)),
      fetcher({*store, gate, l1, memory, *l2, timers, background, metrics, null_logger()}, options.fetcher),
      manifests(
          {*budgeted, env::posix_file_system(), *random, timers, background, pool, memory, metrics, null_logger()},
          {.disk_path = options.manifest_disk_path, .memory_bytes = options.manifest_memory, .limits = {}}),
      service(make_cached_read_service({manifests, l1, memory, fetcher, timers, background, metrics}, options.stream,
                                       options.read_ahead)) {}

TestNode::~TestNode() {
  set_faults(nullptr);
  fetcher.shutdown();
  manifests.shutdown();
  front.stop();
  background.stop();
}

manifest::Manifest TestNode::publish(const std::string& ns, std::uint64_t version,
                                     const std::vector<manifest::OracleFile>& files) {
  manifest::Manifest content = manifest::oracle_manifest(ns, version, files);
  manifest::VersionInfo info{.version = version, .files = content.files.size(), .message = "", .manifest_sha256 = ""};
  for (manifest::FileEntry& file : content.files) {
    objectstore::StringSource body(manifest::oracle_content(ns, file.path, version, file.size));
    file.storage.etag = async::sync_wait(base_store.put(file.storage.key, body, {}, {})).value().etag;
    info.bytes += file.size;
  }
  const std::string encoded = manifest::encode_manifest(content);
  info.manifest_sha256 = sha256(encoded).hex();
  put(manifest::manifest_key(ns, version), encoded);
  put(manifest::info_key(ns, version), manifest::encode_version_info(info));
  put(manifest::head_key(ns), manifest::format_head(version));
  return content;
}

void TestNode::put(const std::string& key, const std::string& body) {
  async::sync_wait(objectstore::put_small(base_store, key, body, {}, {})).value();
}

void TestNode::remove(const std::string& key) {
  const auto removed = async::sync_wait(base_store.remove({.key = key}, {}));
  if (!removed) throw std::runtime_error(removed.error().message);
}

void TestNode::set_faults(objectstore::StoreFaultPlan plan) {
  MutexLock lock(mutex_);
  plan_ = std::move(plan);
}

std::size_t TestNode::gets(const std::string& part) const {
  MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(gets_, [&](const std::string& key) { return key.find(part) != std::string::npos; }));
}

objectstore::StoreFault TestNode::on_operation(objectstore::StoreOp op, const std::string& key) {
  objectstore::StoreFaultPlan plan;
  {
    MutexLock lock(mutex_);
    if (op == objectstore::StoreOp::get) gets_.push_back(key);
    plan = plan_;
  }
  return plan ? plan(op, key) : objectstore::StoreFault{};
}

async::Task<std::string> TestNode::read_task(std::string ns, std::string path, std::uint64_t off, std::uint64_t len,
                                             std::optional<std::uint64_t> version) {
  SEEKFS_CO_ASSIGN(const FileRef file,
                   co_await service->open(ns, path, version, clock.now() + std::chrono::seconds(60)));
  const auto stream = service->read({{.file = file, .off = off, .len = len}});
  std::string bytes;
  for (;;) {
    SEEKFS_CO_ASSIGN(const Piece piece, co_await stream->next());
    if (!piece.slice.page) co_return bytes;
    const auto span = piece.slice.bytes();
    bytes.append(reinterpret_cast<const char*>(span.data()), span.size());
  }
}

Result<std::string> TestNode::read(const std::string& ns, const std::string& path, std::uint64_t off, std::uint64_t len,
                                   std::optional<std::uint64_t> version) {
  return run(read_task(ns, path, off, len, version));
}

Result<FileRef> TestNode::open(const std::string& ns, const std::string& path, std::optional<std::uint64_t> version) {
  return run(service->open(ns, path, version, clock.now() + std::chrono::seconds(60)));
}

std::string oracle(const std::string& path, std::uint64_t version, std::uint64_t off, std::uint64_t len) {
  std::string bytes(len, '\0');
  manifest::oracle_bytes("demo", path, version, off, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

objectstore::StoreFaultPlan on_data(std::function<objectstore::StoreFault()> fault) {
  return [fault = std::move(fault)](objectstore::StoreOp op, const std::string& key) {
    return op == objectstore::StoreOp::get && key.find("/objects/") != std::string::npos ? fault()
                                                                                         : objectstore::StoreFault{};
  };
}

void expect_idle(TestNode& node) {
  while (node.gate.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(node.fetcher.in_flight(), 0U);
  EXPECT_EQ(node.gate.in_flight(), 0U);
  node.l1.shrink(std::uint64_t{1} << 40U);
  EXPECT_EQ(node.memory.used(cache::MemoryUse::pages), 0U);
}

objectstore::StoreFaultPlan store_is_away() {
  return [](objectstore::StoreOp, const std::string&) {
    return objectstore::StoreFault{.fail_before = Error(ErrorCode::transient, "the store is away")};
  };
}

std::uint64_t version_of(TestNode& node, const std::string& path) {
  const auto file = node.open("demo", path);
  return file ? file->version() : 0;
}

void settle(TestNode& node, std::size_t heads) {
  while (node.gets("/HEAD") < heads) std::this_thread::yield();
  (void)node.run(node.service->namespaces(node.clock.now() + std::chrono::seconds(5)));
}

}  // namespace seekfs::reader
