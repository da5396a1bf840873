// Glob matching by segments: no backtracking deeper than one pattern, so a hostile pattern costs at most a square.
#include "publish/glob.h"

#include <algorithm>
#include <cstddef>

namespace seekfs::publish {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

/// The bytes of the UTF-8 character that starts at `at`; 1 for a byte that starts none.
std::size_t character_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t length = 1;
  if (lead >= 0xF0) {
    length = 4;
  } else if (lead >= 0xE0) {
    length = 3;
  } else if (lead >= 0xC0) {
    length = 2;
  }
  return at + length <= text.size() ? length : 1;
}

/// Where the set that starts with '[' at `open` ends (its ']'); npos when it is not closed.
std::size_t end_of_set(std::string_view pattern, std::size_t open) {
  std::size_t at = open + 1;
  if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') at += pattern[at] == '\\' ? 2 : 1;
  return at < pattern.size() ? at : std::string_view::npos;
}

/// The next character of a set's text, a backslash taken off; `at` moves behind it.
std::string_view set_character(std::string_view set, std::size_t& at) {
  if (set[at] == '\\' && at + 1 < set.size()) ++at;
  const std::string_view character = set.substr(at, character_length(set, at));
  at += character.size();
  return character;
}

/// UTF-8 sorts by bytes as by code points, as long as longer sequences come later: they do.
bool set_contains(std::string_view set, std::string_view character) {
  bool negated = false;
  std::size_t at = 0;
  if (!set.empty() && (set[0] == '!' || set[0] == '^')) {
    negated = true;
    at = 1;
  }
  bool found = false;
  while (at < set.size()) {
    const std::string_view low = set_character(set, at);
    std::string_view high = low;
    if (at + 1 < set.size() && set[at] == '-') {
      ++at;
      high = set_character(set, at);
    }
    found = found || (character >= low && character <= high);
  }
  return found != negated;
}

/// One step of a pattern other than '*' against the text at `t`; moves both behind what matched.
bool match_one(std::string_view pattern, std::size_t& p, std::string_view text, std::size_t& t) {
  if (pattern[p] == '?') {
    ++p;
    t += character_length(text, t);
    return true;
  }
  if (pattern[p] == '[') {
    const std::size_t close = end_of_set(pattern, p);
    const std::size_t length = character_length(text, t);
    if (!set_contains(pattern.substr(p + 1, close - p - 1), text.substr(t, length))) return false;
    p = close + 1;
    t += length;
    return true;
  }
  const std::size_t plain = pattern[p] == '\\' ? p + 1 : p;
  if (pattern[plain] != text[t]) return false;
  p = plain + 1;
  ++t;
  return true;
}

bool match_segment(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    if (p < pattern.size() && match_one(pattern, p, text, t)) continue;
    if (star == std::string_view::npos) return false;
    p = star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// The same greedy walk one level up, where "**" plays the star's part.
bool match_segments(const std::vector<std::string>& pattern, const std::vector<std::string_view>& text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == "**") {
      star = ++p;
      star_text = t;
      continue;
    }
    if (p < pattern.size() && match_segment(pattern[p], text[t])) {
      ++p;
      ++t;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == "**") ++p;
  return p == pattern.size();
}

Status check_segment(std::string_view segment, std::string_view pattern) {
  for (std::size_t at = 0; at < segment.size(); ++at) {
    if (segment[at] == '\\') {
      if (++at == segment.size()) {
        return fail(ErrorCode::bad_request, "glob '" + std::string(pattern) + "': a backslash has nothing behind it");
      }
    } else if (segment[at] == '[') {
      at = end_of_set(segment, at);
      if (at == std::string_view::npos) {
        return fail(ErrorCode::bad_request, "glob '" + std::string(pattern) + "': a '[' has no ']' in its segment");
      }
    }
  }
  return {};
}

}  // namespace

Result<Glob> Glob::parse(std::string_view pattern) {
  const std::string_view whole = pattern;
  Glob glob;
  if (!pattern.empty() && pattern.back() == '/') {
    glob.folders_only_ = true;
    pattern.remove_suffix(1);
  }
  if (pattern.find('/') != std::string_view::npos) {
    glob.anchored_ = true;
    if (pattern.front() == '/') pattern.remove_prefix(1);
  }
  if (pattern.empty()) return fail(ErrorCode::bad_request, "glob '" + std::string(whole) + "' is empty");
  for (const std::string_view segment : split(pattern)) {
    if (segment.empty()) return fail(ErrorCode::bad_request, "glob '" + std::string(whole) + "' has an empty segment");
    SEEKFS_TRY(check_segment(segment, whole));
    glob.segments_.emplace_back(segment);
  }
  return glob;
}

bool Glob::matches_entry(std::string_view path, bool folder) const {
  if (folders_only_ && !folder) return false;
  if (anchored_) return match_segments(segments_, split(path));
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return segments_[0] == "**" || match_segment(segments_[0], name);
}

bool Glob::matches_folder(std::string_view path) const {
  for (std::size_t end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1)) {
    if (matches_entry(path.substr(0, end), true)) return true;
  }
  return matches_entry(path, true);
}

bool Glob::matches_file(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos && matches_folder(path.substr(0, slash))) return true;
  return matches_entry(path, false);
}

Result<PathFilter> PathFilter::parse(const std::vector<std::string>& include, const std::vector<std::string>& exclude) {
  PathFilter filter;
  for (const std::string& pattern : include) {
    SEEKFS_ASSIGN(Glob glob, Glob::parse(pattern));
    filter.include_.push_back(std::move(glob));
  }
  for (const std::string& pattern : exclude) {
    SEEKFS_ASSIGN(Glob glob, Glob::parse(pattern));
    filter.exclude_.push_back(std::move(glob));
  }
  return filter;
}

bool PathFilter::chooses(std::string_view file_path) const {
  const auto matches = [file_path](const Glob& glob) { return glob.matches_file(file_path); };
  if (std::ranges::any_of(exclude_, matches)) return false;
  return include_.empty() || std::ranges::any_of(include_, matches);
}

bool PathFilter::excludes_folder(std::string_view folder_path) const {
  return std::ranges::any_of(exclude_, [folder_path](const Glob& glob) { return glob.matches_folder(folder_path); });
}

}  // namespace seekfs::publish
