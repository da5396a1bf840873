// Published files through the daemon's HTTP API.
#include <fmt/format.h>

#include "cli/daemon_client.h"
#include "cli/data_source.h"
#include "cli/locator.h"

namespace seekfs::cli {
namespace {

/// What the headers of a /blob reply say of the file, its size left out.
Result<FileFacts> facts_of(const DaemonReply& reply) {
  FileFacts facts;
  const auto version = parse_version(reply.header("seekfs-version"));
  if (!version) return fail(ErrorCode::corrupt, "the daemon's reply names no version");
  facts.version = *version;
  const std::string_view etag = reply.header("etag");
  if (etag.size() == 66) facts.hash_hex = etag.substr(1, 64);
  return facts;
}

class DaemonSource final : public DataSource {
 public:
  explicit DaemonSource(DaemonClient& client) : client_(client) {}

  Result<std::uint64_t> list(const FileName& prefix, bool folders, const ListReceiver& receive) override {
    QueryItems query = {{"ns", prefix.ns}, {"prefix", prefix.path}, {"limit", "10000"}};
    if (folders) query.emplace_back("delimiter", "/");
    if (prefix.version) query.emplace_back("version", std::to_string(*prefix.version));
    std::optional<std::string> after;
    while (true) {
      QueryItems page = query;
      if (after) page.emplace_back("after", *after);
      SEEKFS_ASSIGN(const DaemonReply reply, client_.get("/v1/files", page));
      SEEKFS_ASSIGN(FileListText part, parse_file_list(reply.body));
      for (const ListedFile& entry : part.entries) SEEKFS_TRY(receive(entry));
      if (!part.next) return part.version;
      after = std::move(part.next);
    }
  }

  Result<FileFacts> stat(const FileName& file) override {
    // Whether it is there, and in which version, is what /blob says best; size and mtime stand in the list.
    SEEKFS_ASSIGN(const DaemonReply empty, client_.get("/v1/blob", with(query_of(file), "len", 0)));
    SEEKFS_ASSIGN(FileFacts facts, facts_of(empty));
    QueryItems query = {{"ns", file.ns}, {"prefix", file.path}, {"limit", "1"}};
    query.emplace_back("version", std::to_string(facts.version));
    SEEKFS_ASSIGN(const DaemonReply reply, client_.get("/v1/files", query));
    SEEKFS_ASSIGN(const FileListText list, parse_file_list(reply.body));
    if (list.entries.empty() || list.entries[0].path != file.path) {
      return fail(ErrorCode::corrupt, fmt::format("the daemon serves {} but does not list it", file.path));
    }
    facts.size = list.entries[0].size;
    facts.mtime = list.entries[0].mtime;
    return facts;
  }

  Result<FileFacts> read(const FileName& file, std::uint64_t off, std::optional<std::uint64_t> len,
                         const ByteReceiver& receive) override {
    QueryItems query = query_of(file);
    if (off > 0) query = with(std::move(query), "off", off);
    if (len) query = with(std::move(query), "len", *len);
    std::uint64_t received = 0;
    SEEKFS_ASSIGN(const DaemonReply reply,
                  client_.get("/v1/blob", query, [&received, &receive](std::span<const std::byte> bytes) {
                    received += bytes.size();
                    return receive(bytes);
                  }));
    SEEKFS_ASSIGN(FileFacts facts, facts_of(reply));
    facts.size = off + received;
    return facts;
  }

 private:
  static QueryItems query_of(const FileName& file) {
    QueryItems query = {{"ns", file.ns}, {"path", file.path}};
    if (file.version) query.emplace_back("version", std::to_string(*file.version));
    return query;
  }
  static QueryItems with(QueryItems query, std::string name, std::uint64_t number) {
    query.emplace_back(std::move(name), std::to_string(number));
    return query;
  }

  DaemonClient& client_;
};

}  // namespace

std::unique_ptr<DataSource> make_daemon_source(DaemonClient& client) { return std::make_unique<DaemonSource>(client); }

}  // namespace seekfs::cli
