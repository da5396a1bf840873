// Serves a given number of hits or misses over loopback and ends: what tools/request-cost counts the instructions of.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/number.h"
#include "http/node_server_testing.h"

namespace seekfs::http {
namespace {

constexpr std::uint32_t file_bytes = 4096;
constexpr std::uint64_t max_requests = 500;

std::string path_of(std::uint64_t number) { return fmt::format("{:04}.bin", number); }

/// The set-up is the same for every count, so that the difference of two runs is that of their requests alone.
bool run(bool hits, std::uint64_t requests) {
  std::vector<manifest::OracleFile> files;
  for (std::uint64_t i = 0; i <= max_requests; ++i) files.push_back({path_of(i), file_bytes, file_bytes});
  NodeServer server(files);
  PlainClient client(server.address());
  // The last file is no request's: reading it first loads the manifest.
  const std::string first = "/blob?ns=demo&path=" + path_of(max_requests);
  if (!client.get(first, file_bytes)) return false;
  for (std::uint64_t i = 0; i < requests; ++i) {
    const std::string target = hits ? first : "/blob?ns=demo&path=" + path_of(i);
    if (!client.get(target, file_bytes)) return false;
  }
  return true;
}

}  // namespace
}  // namespace seekfs::http

int main(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  const auto requests = seekfs::parse_number(argc == 3 ? argv[2] : "");
  if ((kind != "hits" && kind != "misses") || !requests || *requests > seekfs::http::max_requests) {
    std::fprintf(stderr, "usage: http_bench hits|misses REQUESTS (at most %d)\n",
                 static_cast<int>(seekfs::http::max_requests));
    return 2;
  }
  if (seekfs::http::run(kind == "hits", *requests)) return 0;
  std::fprintf(stderr, "http_bench: a request was not answered as it should be\n");
  return 1;
}
