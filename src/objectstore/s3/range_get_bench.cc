// The S3 engine alone on a real server: ranged GETs with so many in flight. tools/bench-s3 runs it beside other
// clients.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "objectstore/s3/s3_rig_testing.h"

namespace {

using namespace seekfs;
using objectstore::s3::S3Rig;

struct Job {
  std::string endpoint, bucket, access_key, secret_key, keys_file;
  std::uint64_t length = 0;
  std::size_t in_flight = 1;
  std::size_t requests = 0;
};

/// One buffer, written again and again: what is measured is the way to the memory of the caller.
class BufferSink final : public objectstore::BodySink {
 public:
  explicit BufferSink(std::uint64_t size) : buffer_(size) {}
  std::span<std::byte> prepare() override { return std::span(buffer_).subspan(filled_); }
  void commit(std::size_t count) override { filled_ += count; }
  std::uint64_t filled() const noexcept { return filled_; }
  void start_anew() noexcept { filled_ = 0; }

 private:
  std::vector<std::byte> buffer_;
  std::uint64_t filled_ = 0;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "objectstore_bench: {}\n", why);
  std::exit(1);
}

/// Takes the next key until all requests are made.
boost::asio::awaitable<void, async::Executor> lane(objectstore::ObjectStore& store, const Job& job,
                                                   const std::vector<std::string>& keys, std::size_t& next,
                                                   BufferSink& sink) {
  while (next < job.requests) {
    const std::string& key = keys[next++ % keys.size()];
    sink.start_anew();
    const auto got = co_await store.get({.key = key}, objectstore::ByteRange{0, job.length}, sink, {});
    if (!got) give_up(got.error().message);
    if (sink.filled() != job.length) give_up(key + ": fewer bytes than asked for");
  }
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::vector<std::string> read_keys(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> keys;
  for (std::string line; std::getline(file, line);) keys.push_back(line);
  if (keys.empty()) give_up(path + " names no key");
  return keys;
}

void run(const Job& job) {
  const std::vector<std::string> keys = read_keys(job.keys_file);
  S3Rig rig(
      {.endpoint = job.endpoint, .bucket = job.bucket, .access_key = job.access_key, .secret_key = job.secret_key});
  boost::asio::io_context context(1);
  auto keep_running = boost::asio::make_work_guard(context);
  std::size_t next = 0;
  std::size_t lanes = job.in_flight;
  // As a cache has it: memory that was written before.
  std::vector<BufferSink> sinks(job.in_flight, BufferSink(job.length));
  const double cpu = cpu_seconds();
  const env::TimePoint began = rig.clock().now();
  for (BufferSink& sink : sinks) {
    boost::asio::co_spawn(context, lane(rig.store(), job, keys, next, sink), [&](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
      if (--lanes == 0) keep_running.reset();
    });
  }
  context.run();
  const double seconds = std::chrono::duration<double>(rig.clock().now() - began).count();
  fmt::print("{{\"seconds\": {:.6f}, \"cpu_seconds\": {:.6f}, \"bytes\": {}, \"requests\": {}}}\n", seconds,
             cpu_seconds() - cpu, job.requests * job.length, job.requests);
}

}  // namespace

int main(int argc, char** argv) {
  Job job;
  CLI::App app("Ranged GETs from the start of each object by the S3 engine; prints a line of JSON.");
  app.add_option("--endpoint", job.endpoint, "http://127.0.0.1:PORT")->required();
  app.add_option("--bucket", job.bucket)->required();
  app.add_option("--access-key", job.access_key)->envname("AWS_ACCESS_KEY_ID")->required();
  app.add_option("--secret-key", job.secret_key)->envname("AWS_SECRET_ACCESS_KEY")->required();
  app.add_option("--keys", job.keys_file, "a file with a key a line; asked for in turn")->required();
  app.add_option("--length", job.length, "bytes of each range")->required()->check(CLI::PositiveNumber);
  app.add_option("--in-flight", job.in_flight)->check(CLI::PositiveNumber);
  app.add_option("--requests", job.requests)->required()->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  run(job);
  return 0;
}
