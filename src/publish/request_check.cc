// Options that contradict each other or themselves, and the forms of --max-delete.
#include "publish/request_check.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "manifest/in_quotes.h"
#include "manifest/model.h"
#include "manifest/path.h"

namespace seekfs::publish {
namespace {

constexpr std::size_t max_message_bytes = 4096;

Status check_page_size(std::uint32_t size) {
  if (std::has_single_bit(size) && size >= manifest::min_page_size && size <= manifest::max_page_size) return {};
  return fail(ErrorCode::bad_request, fmt::format("page size {} is not a power of two from 64KiB to 64MiB", size));
}

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Status check_request(const PublishRequest& request) {
  SEEKFS_TRY(manifest::check_namespace(request.ns));
  if (request.page_size) SEEKFS_TRY(check_page_size(*request.page_size));
  const bool has_source = !std::holds_alternative<std::monostate>(request.source);
  if (!has_source && request.delete_paths.empty()) {
    return fail(ErrorCode::bad_request, "there is nothing to publish: name a source, or files with --delete");
  }
  if (!has_source && (request.replace || !request.delete_missing.empty())) {
    return fail(ErrorCode::bad_request, "--replace and --delete-missing need a source to compare with");
  }
  if (request.replace && (!request.delete_paths.empty() || !request.delete_missing.empty())) {
    return fail(ErrorCode::bad_request,
                "--replace makes the source the whole version; --delete and --delete-missing add nothing to that");
  }
  for (const std::string& path : request.delete_paths) SEEKFS_TRY(manifest::check_path(path));
  for (const std::string& folder : request.delete_missing) {
    const std::string_view bare =
        folder.ends_with('/') ? std::string_view(folder).substr(0, folder.size() - 1) : folder;
    if (!bare.empty()) SEEKFS_TRY(manifest::check_path(bare));
  }
  if (request.message.size() > max_message_bytes || !is_utf8(request.message)) {
    return fail(ErrorCode::bad_request, fmt::format("the message is not UTF-8 of at most {} bytes", max_message_bytes));
  }
  if (request.gc_min_age <= std::chrono::milliseconds::zero()) {
    return fail(ErrorCode::bad_request, "gc's minimum age must be above zero");
  }
  return {};
}

std::uint64_t MaxDelete::allowed(std::uint64_t parent_files) const {
  if (files) return *files;
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(parent_files) * percent / 100));
}

Result<MaxDelete> parse_max_delete(std::string_view text) {
  MaxDelete limit;
  if (text.ends_with('%')) {
    double percent = 0;
    if (parse_whole(text.substr(0, text.size() - 1), percent) && percent >= 0 && percent <= 100) {
      limit.percent = percent;
      return limit;
    }
  } else if (std::uint64_t files = 0; parse_whole(text, files)) {
    limit.files = files;
    return limit;
  }
  return fail(ErrorCode::bad_request, fmt::format("--max-delete {} is neither a number of files, as 25, nor a share of "
                                                  "the parent's files, as 10%",
                                                  manifest::in_quotes(text)));
}

}  // namespace seekfs::publish
