// toml++ behind parse_toml(); its exceptions stop here.
#include "app/config/toml_source.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/config/schema.h"
#include "app/config/suggest.h"

namespace seekfs::app {
namespace {

class Walker {
 public:
  explicit Walker(const std::string& name) : name_(name) {}

  Status walk(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      if (const toml::table* inner = node.as_table()) {
        SEEKFS_TRY(enter(path, *inner));
      } else {
        SEEKFS_TRY(add(path, node));
      }
    }
    return {};
  }

  std::vector<Assignment> take() { return std::move(found_); }

 private:
  std::string place(const toml::node& node) const { return fmt::format("{}:{}", name_, node.source().begin.line); }

  Status enter(const std::string& path, const toml::table& table) {
    if (is_reserved_section(path)) {
      if (table.empty()) return {};
      return fail(ErrorCode::invalid,
                  fmt::format("{}: [{}] is reserved; this version takes no keys there", place(table), path));
    }
    if (is_section(path)) return walk(table, path);
    std::vector<std::string_view> sections;
    for (const Key& key : config_keys()) sections.push_back(section_of(key.name));
    const auto near = nearest(path, sections);
    return fail(ErrorCode::invalid, fmt::format("{}: unknown section [{}]{}", place(table), path,
                                                near ? fmt::format("; did you mean [{}]?", *near) : ""));
  }

  Status add(const std::string& path, const toml::node& node) {
    Assignment assignment{.key = path, .raw = {}, .origin = place(node)};
    if (const auto* text = node.as_string()) {
      assignment.raw = text->get();
    } else if (const auto* number = node.as_integer()) {
      assignment.raw = number->get();
    } else if (const auto* fraction = node.as_floating_point()) {
      assignment.raw = fraction->get();
    } else if (const auto* flag = node.as_boolean()) {
      assignment.raw = flag->get();
    } else if (const auto* array = node.as_array()) {
      std::vector<std::string> list;
      for (const toml::node& item : *array) {
        const auto* item_text = item.as_string();
        if (item_text == nullptr) {
          return fail(ErrorCode::invalid, fmt::format("{}: {}: a list holds texts only", place(item), path));
        }
        list.push_back(item_text->get());
      }
      assignment.raw = std::move(list);
    } else {
      return fail(ErrorCode::invalid, fmt::format("{}: {}: no key takes a date or a time of day", place(node), path));
    }
    found_.push_back(std::move(assignment));
    return {};
  }

  const std::string& name_;
  std::vector<Assignment> found_;
};

}  // namespace

Result<std::vector<Assignment>> parse_toml(std::string_view text, const std::string& name) {
  toml::table table;
  try {
    table = toml::parse(text, std::string_view(name));
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return fail(ErrorCode::invalid, fmt::format("{}:{}:{}: {}", name, at.line, at.column, error.description()));
  }
  Walker walker(name);
  SEEKFS_TRY(walker.walk(table, ""));
  return walker.take();
}

}  // namespace seekfs::app
