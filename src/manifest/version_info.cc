// v-N.info.json: what a list of versions reads of each.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "manifest/codec.h"
#include "manifest/json_reader.h"
#include "manifest/json_text.h"

namespace seekfs::manifest {
namespace {

enum InfoField : std::size_t { version_field, files_field, bytes_field, created_at_field, message_field, sha256_field };
constexpr std::size_t max_message_bytes = std::size_t{64} << 10U;
constexpr std::array<ObjectNode::Field, 6> info_fields = {
    {{"version"}, {"files"}, {"bytes"}, {"created_at"}, {"message", false, max_message_bytes}, {"manifest_sha256"}}};

class InfoNode final : public ObjectNode {
 public:
  explicit InfoNode(VersionInfo& info) : ObjectNode(info_fields), info_(info) {}
  void append_name(std::string&) const override {}
  Status on_close() override { return check_required(); }

  Status on_scalar(const Scalar& value) override {
    switch (field()) {
      case version_field: return take(value, UINT64_MAX, info_.version);
      case files_field: return take(value, UINT64_MAX, info_.files);
      case bytes_field: return take(value, UINT64_MAX, info_.bytes);
      case created_at_field: return take(value, INT64_MAX, info_.created_at);
      case message_field: {
        SEEKFS_ASSIGN(info_.message, text(value));
        return {};
      }
      default: return take_sha256(value);
    }
  }

 private:
  template <class Target>
  Status take(const Scalar& value, std::uint64_t max, Target& target) {
    SEEKFS_ASSIGN(const std::uint64_t number, integer(value, max));
    target = static_cast<Target>(number);
    return {};
  }

  Status take_sha256(const Scalar& value) {
    SEEKFS_ASSIGN(const std::string_view hex, text(value));
    const bool digits =
        std::ranges::all_of(hex, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (hex.size() != 64 || !digits) return refuse("expected 64 lower-case hex digits");
    info_.manifest_sha256 = hex;
    return {};
  }

  VersionInfo& info_;
};

Status read_info(std::string_view json, VersionInfo& info) {
  InfoNode node(info);
  JsonReader reader(node);
  SEEKFS_TRY(reader.feed(json));
  return reader.finish();
}

}  // namespace

Result<VersionInfo> decode_version_info(std::string_view json) {
  VersionInfo info;
  if (Status status = read_info(json, info); !status)
    return std::unexpected(status.error().with_context("version info"));
  return info;
}

std::string encode_version_info(const VersionInfo& info) {
  std::string out = fmt::format(R"({{"version":{},"files":{},"bytes":{},"created_at":{},"message":)", info.version,
                                info.files, info.bytes, info.created_at);
  append_json_string(out, info.message);
  out += R"(,"manifest_sha256":)";
  append_json_string(out, info.manifest_sha256);
  return out + "}\n";
}

}  // namespace seekfs::manifest
