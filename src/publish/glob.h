// Globs that choose files by path, with the meaning they have in .gitignore files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::publish {

/// `*` is any text and `?` any character within one segment, `[a-z]` and `[!a-z]` one character of a set, `\` makes the
/// next character plain; `**` as a whole segment is any number of segments, none included. A pattern without a slash
/// (one at its end does not count) is tried on every segment, one with a slash on the path from its start; a slash at
/// the start only anchors. A pattern that matches a folder matches all in it; with a slash at its end it matches
/// folders only. Characters are bytes, except that `?` and sets take a whole UTF-8 character.
class Glob {
 public:
  /// bad_request on an empty pattern, an unclosed set, a trailing backslash.
  static Result<Glob> parse(std::string_view pattern);
  /// Does it match this file, or a folder that the file is in?
  bool matches_file(std::string_view path) const;
  /// Does it match this folder, or one above it? Then it matches all in it.
  bool matches_folder(std::string_view path) const;

 private:
  bool matches_entry(std::string_view path, bool folder) const;

  std::vector<std::string> segments_;
  bool anchored_ = false;
  bool folders_only_ = false;
};

/// Chosen is what some include matches, or everything when there is none, unless some exclude matches it.
class PathFilter {
 public:
  static Result<PathFilter> parse(const std::vector<std::string>& include, const std::vector<std::string>& exclude);
  bool chooses(std::string_view file_path) const;
  /// True when nothing below the folder can be chosen, because an exclude matches it.
  bool excludes_folder(std::string_view folder_path) const;

 private:
  std::vector<Glob> include_;
  std::vector<Glob> exclude_;
};

}  // namespace seekfs::publish
