// The rules of one file's entry.
#include "manifest/file_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "manifest/in_quotes.h"
#include "manifest/path.h"

namespace seekfs::manifest {
namespace {

enum StorageField : std::size_t { key_field, etag_field, version_id_field, sse_field, storage_off_field };
constexpr std::array<ObjectNode::Field, 5> storage_fields = {
    {{"key"}, {"etag", false}, {"version_id", false}, {"sse", false}, {"off", false}}};

enum FileField : std::size_t {
  path_field,
  size_field,
  hash_field,
  mtime_field,
  page_table_field,
  pages_field,
  storage_field
};
constexpr std::array<ObjectNode::Field, 7> file_fields = {{{"path", true, max_path_length},
                                                           {"size"},
                                                           {"hash", true, 256},
                                                           {"mtime", false},
                                                           {"page_table", false},
                                                           {"pages", false},
                                                           {"storage"}}};

constexpr std::size_t sha256_digits = 64;
constexpr std::size_t max_hash_digits = 128;
constexpr std::size_t max_algorithm_length = 32;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_algorithm(std::string_view text) {
  return !text.empty() && text.size() <= max_algorithm_length && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

/// A header of a request must not be ended by what a manifest says.
bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

StorageNode::StorageNode(Storage& storage) : ObjectNode(storage_fields), storage_(storage) {}

Status StorageNode::on_scalar(const Scalar& value) {
  switch (field()) {
    case key_field: return take_key(value);
    case etag_field: return take_optional(value, storage_.etag);
    case version_id_field: return take_optional(value, storage_.version_id);
    case sse_field: return take_optional(value, storage_.sse);
    default: break;
  }
  SEEKFS_ASSIGN(storage_.off, integer(value));
  return {};
}

Status StorageNode::take_key(const Scalar& value) {
  SEEKFS_ASSIGN(const std::string_view key, text(value));
  if (key.empty()) return refuse("is empty");
  storage_.key = key;
  return {};
}

Status StorageNode::take_optional(const Scalar& value, std::optional<std::string>& target) {
  target.reset();
  if (value.type == JsonType::null) return {};
  SEEKFS_ASSIGN(const std::string_view content, text(value));
  if (!is_header_value(content)) return refuse(fmt::format("has a control character: {}", in_quotes(content)));
  target.emplace(content);
  return {};
}

FileNode::FileNode(ReadContext& context, ManifestSink& sink)
    : ObjectNode(file_fields),
      sink_(sink),
      page_table_(context, file_.pages),
      packed_pages_(context),
      storage_(file_.storage) {}

void FileNode::restart(std::size_t index) {
  forget_members();
  index_ = index;
  file_.path.clear();
  file_.mtime.reset();
  file_.pages.clear();
  file_.storage.etag.reset();
  file_.storage.version_id.reset();
  file_.storage.sse.reset();
  file_.storage.off = 0;
}

Status FileNode::on_scalar(const Scalar& value) {
  switch (field()) {
    case path_field: return take_path(value);
    case hash_field: return take_hash(value);
    case size_field: {
      SEEKFS_ASSIGN(file_.size, integer(value));
      return {};
    }
    case mtime_field: {
      SEEKFS_ASSIGN(const std::uint64_t seconds, integer(value, INT64_MAX));
      file_.mtime = static_cast<std::int64_t>(seconds);
      return {};
    }
    case page_table_field: return mismatch("an array", value.type);
    default: return mismatch("an object", value.type);
  }
}

Status FileNode::take_path(const Scalar& value) {
  SEEKFS_ASSIGN(const std::string_view path, text(value));
  if (Status status = check_path(path); !status) {
    return fail(ErrorCode::unsupported_manifest, std::move(status).error().message);
  }
  file_.path = path;
  return {};
}

Status FileNode::take_hash(const Scalar& value) {
  SEEKFS_ASSIGN(const std::string_view hash, text(value));
  const std::size_t colon = hash.find(':');
  if (colon == std::string_view::npos || !is_algorithm(hash.substr(0, colon))) {
    return refuse(fmt::format("expected 'algorithm:hex', found {}", in_quotes(hash)));
  }
  const std::string_view algorithm = hash.substr(0, colon);
  const std::string_view hex = hash.substr(colon + 1);
  if (hex.empty() || hex.size() > max_hash_digits || hex.size() % 2 != 0 || !is_hex(hex)) {
    return refuse(fmt::format("expected an even number of lower-case hex digits, 2 to {}, found {}", max_hash_digits,
                              in_quotes(hex)));
  }
  if (algorithm == "sha256" && hex.size() != sha256_digits) {
    return refuse(fmt::format("expected {} digits of sha256, found {}", sha256_digits, hex.size()));
  }
  file_.hash.algorithm = algorithm;
  file_.hash.hex = hex;
  return {};
}

Result<JsonNode*> FileNode::on_open(JsonType bracket) {
  if (field() == page_table_field && bracket == JsonType::array) {
    page_table_.restart();
    return &page_table_;
  }
  if (field() == pages_field && bracket == JsonType::object) {
    packed_pages_.restart();
    return &packed_pages_;
  }
  if (field() == storage_field && bracket == JsonType::object) {
    storage_.restart();
    return &storage_;
  }
  switch (field()) {
    case page_table_field: return mismatch("an array", bracket);
    case pages_field:
    case storage_field: return mismatch("an object", bracket);
    case path_field:
    case hash_field: return mismatch("a string", bracket);
    default: return mismatch("an unsigned integer", bracket);
  }
}

Status FileNode::check_pages() {
  if (has(page_table_field) && has(pages_field)) {
    return refuse_field(pages_field, "is there beside page_table; a file has one of them");
  }
  if (has(pages_field)) return packed_pages_.expand(file_.size, file_.pages);
  if (!has(page_table_field)) return refuse_field(page_table_field, "is missing, and so is pages");
  if (page_table_.end() != file_.size) {
    return refuse_field(page_table_field,
                        fmt::format("expected to end at size {}, ends at {}", file_.size, page_table_.end()));
  }
  return {};
}

Status FileNode::on_close() {
  SEEKFS_TRY(check_required());
  SEEKFS_TRY(check_pages());
  if (file_.storage.off > UINT64_MAX - file_.size) {
    return fail(ErrorCode::unsupported_manifest,
                fmt::format("storage.off: off + size passes 2^64-1: {} + {}", file_.storage.off, file_.size));
  }
  return sink_.on_file(std::move(file_));
}

void FileNode::append_name(std::string& out) const {
  fmt::format_to(std::back_inserter(out), "[{}]", index_);
  if (!file_.path.empty()) out += ' ' + in_quotes(file_.path);
  out += ": ";
}

std::size_t FileNode::memory_bytes() const noexcept {
  return file_.pages.capacity() * sizeof(Page) + packed_pages_.memory_bytes();
}

FilesNode::FilesNode(ReadContext& context, ManifestSink& sink)
    : ArrayNode("files", "an object"), context_(context), file_(context, sink) {}

Result<JsonNode*> FilesNode::on_open(JsonType bracket) {
  if (bracket != JsonType::object) return ArrayNode::on_open(bracket);
  if (context_.files == context_.limits.max_files) {
    return refuse(fmt::format("the manifest has more than {} files ([manifest] max_files)", context_.limits.max_files));
  }
  ++context_.files;
  file_.restart(next());
  advance();
  return &file_;
}

}  // namespace seekfs::manifest
