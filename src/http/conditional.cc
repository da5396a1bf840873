// Evaluation of preconditions.
#include "http/conditional.h"

#include "base/http_date.h"
#include "http/ascii.h"

namespace seekfs::http {
namespace {

std::optional<std::int64_t> date_of(std::string_view field) noexcept {
  return field.empty() ? std::nullopt : parse_http_date(field);
}

}  // namespace

bool etag_list_matches(std::string_view list, std::string_view etag, bool weak) noexcept {
  list = trim(list);
  if (list == "*") return true;
  while (!list.empty()) {
    bool is_weak = false;
    if (list.starts_with("W/")) {
      is_weak = true;
      list.remove_prefix(2);
    }
    // A tag may hold commas, so the quotes are what ends it. Anything else in their place ends the list.
    if (!list.starts_with('"')) return false;
    const std::size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    if ((weak || !is_weak) && list.substr(1, end - 1) == etag) return true;
    list = trim(list.substr(end + 1));
    if (!list.empty() && list.front() != ',') return false;
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
  }
  return false;
}

Precondition check_preconditions(const RequestHead& request, const Validators& validators) noexcept {
  if (!request.if_match.empty()) {
    if (!etag_list_matches(request.if_match, validators.etag, false)) return Precondition::failed;
  } else if (const auto date = date_of(request.if_unmodified_since); date && validators.modified) {
    if (*validators.modified > *date) return Precondition::failed;
  }
  if (!request.if_none_match.empty()) {
    return etag_list_matches(request.if_none_match, validators.etag, true) ? Precondition::not_modified
                                                                           : Precondition::passed;
  }
  if (const auto date = date_of(request.if_modified_since); date && validators.modified) {
    if (*validators.modified <= *date) return Precondition::not_modified;
  }
  return Precondition::passed;
}

bool if_range_holds(std::string_view if_range, const Validators& validators) noexcept {
  if (if_range.empty()) return true;
  if (if_range.starts_with('"')) {
    return if_range.size() == validators.etag.size() + 2 && if_range.ends_with('"') &&
           if_range.substr(1, validators.etag.size()) == validators.etag;
  }
  const auto date = date_of(if_range);
  return date && validators.modified && *date == *validators.modified;
}

}  // namespace seekfs::http
