// Line by line: a section, a setting, the continuation of a setting, a comment, or nothing.
#include "objectstore/s3/profile_file.h"

#include <algorithm>

#include <fmt/format.h>

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::string_view blanks = " \t\r\f\v";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Without a comment, which starts at a '#' or ';' after a blank.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if ((text[i] == '#' || text[i] == ';') && blanks.contains(text[i - 1])) return text.substr(0, i);
  }
  return text;
}

/// The profile that a section's name means; nothing when it means none.
std::optional<std::string> profile_name(std::string_view section, ProfileFile kind) {
  section = trim(section);
  constexpr std::string_view word = "profile";
  const bool has_word =
      section.starts_with(word) && section.size() > word.size() && blanks.contains(section[word.size()]);
  if (kind == ProfileFile::credentials) {
    if (has_word) return std::nullopt;
  } else if (has_word) {
    section = trim(section.substr(word.size()));
    const bool quoted =
        section.size() >= 2 && (section.front() == '"' || section.front() == '\'') && section.back() == section.front();
    if (quoted) section = section.substr(1, section.size() - 2);
  } else if (section != "default") {
    return std::nullopt;
  }
  if (section.empty()) return std::nullopt;
  return std::string(section);
}

class Parser {
 public:
  Parser(ProfileFile kind, const std::string& path) : kind_(kind), path_(path) {}

  Status line(std::string_view text) {
    ++number_;
    const std::string_view content = trim(text);
    if (content.empty() || content.front() == '#' || content.front() == ';') return {};
    if (content.front() == '[') return section(content);
    // What is indented goes on with the setting above: those of services in their own lines, which are none of ours.
    if (blanks.contains(text.front()) && has_setting_) return {};
    return setting(content);
  }
  Profiles take() { return std::move(profiles_); }

 private:
  std::string place() const { return fmt::format("{}:{}", path_, number_); }

  Status section(std::string_view content) {
    const std::size_t end = content.find(']');
    if (end == std::string_view::npos) return fail(ErrorCode::invalid, place() + ": a section without its ']'");
    in_section_ = true;
    has_setting_ = false;
    profile_ = nullptr;
    if (const auto name = profile_name(content.substr(1, end - 1), kind_)) profile_ = &profiles_[*name];
    return {};
  }

  Status setting(std::string_view content) {
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos) {
      return fail(ErrorCode::invalid, place() + ": neither a [section] nor a setting, name = value");
    }
    if (!in_section_) return fail(ErrorCode::invalid, place() + ": a setting before the first [section]");
    std::string name(trim(content.substr(0, equals)));
    if (name.empty()) return fail(ErrorCode::invalid, place() + ": a setting without a name");
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    has_setting_ = true;
    if (profile_ != nullptr) {
      (*profile_)[name] = {std::string(trim(without_comment(content.substr(equals + 1)))), place()};
    }
    return {};
  }

  const ProfileFile kind_;
  const std::string& path_;
  int number_ = 0;
  bool in_section_ = false;
  bool has_setting_ = false;
  Profile* profile_ = nullptr;  ///< null in a section that is no profile
  Profiles profiles_;
};

}  // namespace

Result<Profiles> parse_profiles(std::string_view text, ProfileFile kind, const std::string& path) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Parser parser(kind, path);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    SEEKFS_TRY(parser.line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.take();
}

}  // namespace seekfs::objectstore::s3
