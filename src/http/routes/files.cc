// /files: the paths of one version, in order, in pages; common prefixes instead of what lies below them on demand.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/utf8.h"
#include "http/handlers.h"
#include "http/json_text.h"
#include "http/reservation.h"
#include "http/routes/list_cursor.h"
#include "manifest/path.h"

namespace seekfs::http {
namespace {

constexpr std::uint64_t default_limit = 1000;
constexpr std::uint64_t max_limit = 10000;
/// A page of a list ends early when its text has this size.
constexpr std::uint64_t max_list_bytes = 4U << 20U;
/// The longest entry: a path whose every byte is escaped, and its other members.
constexpr std::uint64_t max_entry_bytes = 6 * manifest::max_path_length + 256;

struct ListRequest {
  std::string_view ns;
  std::string_view prefix;
  std::optional<char> delimiter;
  std::optional<std::uint64_t> version;
  std::uint64_t limit = default_limit;
  std::optional<ListCursor> after;
};

Result<ListRequest> parse_request(Exchange& exchange) {
  const Query& query = exchange.query;
  SEEKFS_TRY(query.allow_only({"ns", "prefix", "delimiter", "version", "limit", "after"}));
  ListRequest request;
  SEEKFS_ASSIGN(request.ns, query.required("ns"));
  exchange.note.ns = request.ns;
  SEEKFS_ASSIGN(request.version, query.version());
  request.prefix = query.get("prefix").value_or(std::string_view{});
  if (!is_utf8(request.prefix)) return fail(ErrorCode::invalid_path, "'prefix' is not UTF-8");
  if (const auto delimiter = query.get("delimiter"); delimiter && !delimiter->empty()) {
    const char first = delimiter->front();
    if (delimiter->size() != 1 || first < ' ' || first > '~') {
      return fail(ErrorCode::bad_request, "'delimiter' must be one visible ASCII character");
    }
    request.delimiter = first;
  }
  SEEKFS_ASSIGN(const auto limit, query.number("limit"));
  request.limit = limit.value_or(default_limit);
  if (request.limit == 0 || request.limit > max_limit) {
    return fail(ErrorCode::bad_request, fmt::format("'limit' must be between 1 and {}", max_limit));
  }
  if (const auto after = query.get("after"); after && !after->empty()) {
    SEEKFS_ASSIGN(request.after, decode_cursor(*after));
    if (request.version && *request.version != request.after->version) {
      return fail(ErrorCode::bad_request, "'after' belongs to another version than 'version'");
    }
    request.version = request.after->version;
  }
  return request;
}

/// The smallest text that is greater than everything that begins with `prefix`; nothing when there is none.
std::optional<std::string> end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

/// Walks a version's paths in order and writes the two lists.
class Lister {
 public:
  Lister(const manifest::CompactManifest& files, const ListRequest& request) : files_(files), request_(request) {}

  void run() {
    manifest::FileIndex at = start();
    std::string path;
    while (at < files_.file_count()) {
      files_.path(at, path);
      if (!path.starts_with(request_.prefix)) return;
      if (full()) {
        next_ = encode_cursor({files_.version(), last_is_prefix_, last_});
        return;
      }
      const std::size_t cut =
          request_.delimiter ? path.find(*request_.delimiter, request_.prefix.size()) : std::string::npos;
      at = cut == std::string::npos ? add_file(at, path) : add_prefix(path.substr(0, cut + 1));
      ++count_;
    }
  }

  std::string document() {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("ns", request_.ns).member("version", files_.version());
    out += ",\"files\":[" + files_json_ + "],\"prefixes\":[" + prefixes_json_ + "],\"next\":";
    if (next_) {
      append_json_string(out, *next_);
    } else {
      out += "null";
    }
    out.push_back('}');
    return out;
  }

 private:
  manifest::FileIndex start() const {
    if (!request_.after) return files_.lower_bound(request_.prefix);
    const std::string& last = request_.after->last;
    if (!last.starts_with(request_.prefix)) return files_.file_count();
    if (request_.after->is_prefix) return behind_prefix(last);
    // Nothing sorts between a path and itself with a NUL behind it.
    return files_.lower_bound(last + '\0');
  }

  manifest::FileIndex behind_prefix(const std::string& prefix) const {
    const auto end = end_of_prefix(prefix);
    return end ? files_.lower_bound(*end) : files_.file_count();
  }

  bool full() const {
    return count_ == request_.limit || files_json_.size() + prefixes_json_.size() + max_entry_bytes > max_list_bytes;
  }

  manifest::FileIndex add_file(manifest::FileIndex file, const std::string& path) {
    if (!files_json_.empty()) files_json_.push_back(',');
    JsonWriter json(files_json_);
    json.begin_object().member("path", path).member("size", files_.size(file));
    json.member("hash", files_.hash(file).to_string()).key("mtime");
    if (const auto mtime = files_.mtime(file)) {
      json.value(*mtime);
    } else {
      json.null();
    }
    json.end_object();
    last_ = path;
    last_is_prefix_ = false;
    return file + 1;
  }

  manifest::FileIndex add_prefix(std::string prefix) {
    if (!prefixes_json_.empty()) prefixes_json_.push_back(',');
    append_json_string(prefixes_json_, prefix);
    last_ = std::move(prefix);
    last_is_prefix_ = true;
    return behind_prefix(last_);
  }

  const manifest::CompactManifest& files_;
  const ListRequest& request_;
  std::string files_json_;
  std::string prefixes_json_;
  std::uint64_t count_ = 0;
  std::string last_;
  bool last_is_prefix_ = false;
  std::optional<std::string> next_;
};

async::Task<reader::VersionRef> open_version(Exchange& exchange, const ListRequest& request) {
  if (auto opened = exchange.reader().try_open_version(request.ns, request.version)) co_return std::move(*opened);
  co_return co_await exchange.reader().open_version(std::string(request.ns), request.version, exchange.wait_deadline());
}

}  // namespace

async::Task<void> files(Exchange& exchange) {
  SEEKFS_CO_ASSIGN(const ListRequest request, parse_request(exchange));
  SEEKFS_CO_ASSIGN(const reader::VersionRef version, co_await open_version(exchange, request));
  exchange.note.version = version.manifest->version();
  // Both lists grow by doubling, and are copied once into the document.
  const std::uint64_t cost = 3 * std::min(max_list_bytes, request.limit * max_entry_bytes);
  SEEKFS_CO_ASSIGN(const Reservation reserved,
                   co_await Reservation::acquire(exchange.shared.parts.memory, cost, exchange.wait_deadline()));
  Lister lister(*version.manifest, request);
  lister.run();
  exchange.reply_json(lister.document(), version.manifest->version());
  co_return co_await exchange.writer.flush();
}

}  // namespace seekfs::http
